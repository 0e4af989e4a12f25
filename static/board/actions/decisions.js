/**
 * Sends rejections, let-pass requests and notes to the server, and keeps the answers.
 *
 * Each is an ordinary POST, so it works while the feed is lost. Events: `begun` when a request is sent, `settled` when
 * it is answered; `detail` is {action, key, keys}.
 */

import { cookie, post } from "../../site/post.js";
import { Attempts, isOpen } from "../data/attempts.js";
import { FirstSeen } from "../data/first_seen.js";
import { RINGING } from "../data/sections.js";

/** The server's limit of keys in one request. */
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

  /** Whether the user may reject the row's call now. */
  canReject(row) {
    if (!this.#page.mayReject || row.belongs !== RINGING) return false;
    return isOpen(row.call, this.attempts.get(row.call.key));
  }

  /** Reject the newest ringing call of a row, and record the answer. */
  async reject(row, reason) {
    if (!this.canReject(row)) return;
    const { call } = row;
    this.#begin("reject", [call.key], reason);
    const answer = await this.#post(`${this.#page.callUrl(call.key)}reject/`, { reason, seen: this.#firstSeen.seen(call) });
    this.#settle("reject", [call.key], () => answer);
  }

  /** Reject several rows with one reason; return `{asked, rejected, refused}`, the last a list of `{row, call}`. */
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

  /** Let every ringing call of a row pass: it is silenced on every page, and nothing is sent to Graph. */
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

  /** Whether this page's request to let the call pass is under way or succeeded. */
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

  /** Record that these rows are drawn. */
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

  /** The server may reject a newer call of the same person instead: its answer names that call and holds for both. */
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
