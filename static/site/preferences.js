/** The user's preferences: applied at once, stored on the server, reverted if the server refuses them. */

export const DEFAULTS = {
  theme: "auto",
  density: "comfortable",
  sound: true,
  tone: "bell",
  volume: 70,
  notices: true,
  keys: true,
};

export class Preferences {
  #kept;
  #send;
  #pending = [];
  #last = Promise.resolve();
  #listeners = [];

  /** `kept` is the document the server gave; `send(changes)` promises its answer as `{status, body}`. */
  constructor(kept, send) {
    this.#kept = { ...DEFAULTS, ...kept };
    this.#send = send;
  }

  /** The current choices, including those the server has not confirmed yet. */
  get all() {
    return Object.assign({}, this.#kept, ...this.#pending);
  }

  /** `listener(all)` is called after every change. */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  /** Change some choices and return the server's answer; changes are sent in order. */
  change(changes) {
    this.#pending.push(changes);
    this.#tell();
    const answer = this.#last.then(() => this.#send(changes));
    this.#last = answer.then((told) => this.#settle(changes, told));
    return answer;
  }

  #settle(changes, { status, body }) {
    this.#pending = this.#pending.filter((waiting) => waiting !== changes);
    if (status === 200) this.#kept = { ...DEFAULTS, ...body };
    this.#tell();
  }

  #tell() {
    for (const listener of this.#listeners) listener(this.all);
  }
}
