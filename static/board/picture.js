/** Draws the board whenever something changed. */

import { render } from "../vendor/lit-html-3.3.3/lit-html.js";
import { quiet, ringing } from "./board.js";
import { keepingFocus } from "./focus.js";
import { LayoutHold } from "./layout.js";
import { ENDED, PROGRESS, RINGING } from "./sections.js";
import { gettext } from "./words.js";

export class Picture {
  #root;
  #live;
  #decisions;
  #page;
  #people;
  #places;
  #heading;
  #hold;

  /** `people` is `{me, time}`, as `outcomeOf` takes it. */
  constructor(root, { live, decisions, page, people }) {
    this.#root = root;
    this.#live = live;
    this.#decisions = decisions;
    this.#page = page;
    this.#people = people;
    const [ringing, progress, ended, heading] = ["ringing", "progress", "ended", "ringing-heading"].map(
      (id) => root.querySelector(`#${id}`),
    );
    this.#places = { ringing, progress, ended };
    this.#heading = heading;
    this.#hold = new LayoutHold(ringing);
    live.addEventListener("change", () => this.#draw());
  }

  #view() {
    const { clock, store, feed } = this.#live;
    return {
      ...this.#people,
      now: clock.now(),
      known: store.known,
      state: feed.state,
      attempts: this.#decisions.attempts,
      mayReject: this.#page.mayReject,
      callUrl: this.#page.callUrl,
      reject: (key, reason) => this.#decisions.reject(key, reason),
    };
  }

  #draw() {
    const { store } = this.#live;
    store.tidy(performance.now(), (record) => record.place === RINGING && this.#hold.holds(record));
    const view = this.#view();
    keepingFocus(this.#root, this.#heading, () => {
      render(ringing(store.section(RINGING), view), this.#places.ringing);
      render(quiet(store.section(PROGRESS), view, gettext("No call is in progress.")), this.#places.progress);
      render(quiet(store.section(ENDED), view, gettext("No call has just ended.")), this.#places.ended);
    });
    this.#decisions.nowShown(store.section(RINGING));
  }
}
