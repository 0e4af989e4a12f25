/**
 * Deciding on calls from this page.
 *
 * Events: `begun` the moment somebody decides, `settled` when the answer is in; `detail` is the call's key.
 */

import { Attempts, isOpen } from "./attempts.js";
import { cookie, sendReject } from "./reject.js";
import { Shown } from "./shown.js";

export class Decisions extends EventTarget {
  attempts = new Attempts();
  #live;
  #page;
  #shown;

  constructor(live, page) {
    super();
    this.#live = live;
    this.#page = page;
    this.#shown = new Shown(live.clock);
    live.addEventListener("tick", () => this.#forget());
  }

  /** Reject a call that can be, and settle with whatever is answered; anything else does nothing. */
  async reject(key, reason) {
    const record = this.#live.store.get(key);
    if (!record || !isOpen(record.call, this.attempts.get(key))) return;
    this.attempts.begin(key, reason);
    this.#tell("begun", key);
    const csrfToken = cookie(this.#page.csrfCookie);
    const answer = await sendReject(`${this.#page.callUrl(key)}reject/`, {
      reason,
      seen: this.#shown.seen(record.call),
      csrfToken,
    });
    this.attempts.settle(key, answer);
    this.#tell("settled", key);
  }

  /** Note that these records are in front of whoever looks at the page. */
  nowShown(records) {
    this.#shown.note(records);
  }

  #tell(name, key) {
    this.dispatchEvent(new CustomEvent(name, { detail: key }));
    this.#live.changed();
  }

  #forget() {
    const isKnown = (key) => this.#live.store.get(key);
    this.attempts.forget(isKnown);
    this.#shown.forget(isKnown);
  }
}
