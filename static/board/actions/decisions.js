/**
 * Deciding on calls from this page: reject one or many, let one pass, say afterwards why.
 *
 * Every action is an ordinary POST, so it works whether or not the feed does. Events: `begun` the moment somebody actions,
 * `settled` when the answer is in; `detail` is {action, key, keys}.
 */

import { cookie, post } from "../../site/post.js";
import { Attempts, isOpen } from "../data/attempts.js";
import { FirstSeen } from "../data/first_seen.js";
import { RINGING } from "../data/sections.js";

/** The server takes no more keys than this in one request. */
const MOST_AT_ONCE = 50;

export class Decisions extends EventTarget {
  attempts = new Attempts();
  passes = new Attempts();
  notes = new Attempts();
  #live;
  #page;
  #firstSeen;

  constructor(live, page) {
    super();
    this.#live = live;
    this.#page = page;
    this.#firstSeen = new FirstSeen(live.clock);
    live.addEventListener("frame", ({ detail: frame }) => this.#firstSeen.receive(frame));
    live.addEventListener("forgotten", ({ detail: keys }) => this.#forget(keys));
  }

  /** Whether whoever uses this page may reject the row's call now. */
  canReject(row) {
    if (!this.#page.mayReject || row.belongs !== RINGING) return false;
    return isOpen(row.call, this.attempts.get(row.call.key));
  }

  /** Reject the newest call of a row that still rings, and settle with whatever is answered. */
  async reject(row, reason) {
    if (!this.canReject(row)) return;
    const { call } = row;
    this.#begin("reject", [call.key], reason);
    const answer = await this.#post(`${this.#page.callUrl(call.key)}reject/`, { reason, seen: this.#firstSeen.seen(call) });
    this.#settle("reject", [call.key], () => answer);
  }

  /** Reject many rows with one reason; return `{asked, rejected, refused}`, the last the rows that were not rejected. */
  async rejectAll(rows, reason) {
    const open = rows.filter((row) => this.canReject(row));
    const calls = new Map(open.map((row) => [row.call.key, { row, call: row.call }]));
    const keys = [...calls.keys()];
    this.#begin("reject", keys, reason);
    for (let first = 0; first < keys.length; first += MOST_AT_ONCE) {
      await this.#rejectSome(keys.slice(first, first + MOST_AT_ONCE), calls, reason);
    }
    const refused = keys.filter((key) => this.attempts.get(key)?.status !== 202).map((key) => calls.get(key));
    return { asked: rows.length, rejected: keys.length - refused.length, refused };
  }

  async #rejectSome(keys, calls, reason) {
    const seen = Object.fromEntries(keys.map((key) => [key, this.#firstSeen.seen(calls.get(key).call)]));
    const { status, body } = await this.#post(this.#page.bulkUrl, { keys, reason, seen });
    const results = new Map((body.results ?? []).map((result) => [result.key, result]));
    this.#settle("rejectAll", keys, (key) => {
      const result = results.get(key);
      return result ? { status: result.status, body: result } : { status: status === 200 ? 0 : status, body };
    });
  }

  /** Let every ringing call of a row pass: silence it everywhere, send nothing to Graph. */
  async letPass(row) {
    if (!this.canReject(row)) return;
    const waiting = row.records.filter(({ belongs, call }) => belongs === RINGING && !call.let_pass && !this.isPassing(call));
    await Promise.all(waiting.map(({ call }) => this.#letPass(call)));
  }

  async #letPass(call) {
    this.#begin("pass", [call.key], null);
    const answer = await this.#post(`${this.#page.callUrl(call.key)}pass/`, { seen: this.#firstSeen.seen(call) });
    this.#settle("pass", [call.key], () => answer);
  }

  /** Whether this page has asked to let the call pass, and was not told that nothing was done. */
  isPassing({ key }) {
    const pass = this.passes.get(key);
    return Boolean(pass) && (pass.sending || pass.status === 200);
  }

  /** Add a note to a call; return whether it was recorded. */
  async note(call, note) {
    this.#begin("note", [call.key], note);
    const answer = await this.#post(`${this.#page.callUrl(call.key)}note/`, { note, seen: this.#firstSeen.seen(call) });
    this.#settle("note", [call.key], () => answer);
    return answer.status === 200;
  }

  /** Note that these rows are in front of whoever looks at the page. */
  nowShown(rows) {
    for (const row of rows) this.#firstSeen.note(row.records);
  }

  #attemptsAt(action) {
    return { reject: this.attempts, rejectAll: this.attempts, pass: this.passes, note: this.notes }[action];
  }

  #begin(action, keys, about) {
    for (const key of keys) this.#attemptsAt(action).begin(key, about);
    this.#tell("begun", action, keys);
  }

  #settle(action, keys, answerOn) {
    const attempts = this.#attemptsAt(action);
    for (const key of keys) {
      const answer = answerOn(key);
      attempts.settle(key, answer);
      this.#alsoAbout(answer.body.call_key, key, attempts);
    }
    this.#tell("settled", action, keys);
  }

  /** A call that no longer rang was rejected as the newer one of the same person: what was answered is about that one. */
  #alsoAbout(actedOn, key, attempts) {
    if (!actedOn || actedOn === key) return;
    const { reason, status, body } = attempts.get(key);
    attempts.begin(actedOn, reason);
    attempts.settle(actedOn, { status, body });
    this.#live.store.get(actedOn)?.row.touch();
  }

  #tell(name, action, keys) {
    for (const key of keys) this.#live.store.get(key)?.row.touch();
    this.dispatchEvent(new CustomEvent(name, { detail: { action, keys, key: keys[0] } }));
    this.#live.changed();
  }

  #post(url, body) {
    return post(url, body, { csrfToken: cookie(this.#page.csrfCookie) });
  }

  #forget(keys) {
    for (const attempts of [this.attempts, this.passes, this.notes]) attempts.forget(keys);
    this.#firstSeen.forget(keys);
  }
}
