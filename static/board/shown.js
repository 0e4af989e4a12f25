/** Since when each call has been in front of the person who decides, for the audit history. */

export class Shown {
  #clock;
  #since = new Map();

  constructor(clock) {
    this.#clock = clock;
  }

  /** Note that these records are drawn; it counts only while the page is in view. */
  note(records) {
    if (document.visibilityState !== "visible") return;
    for (const { call } of records) if (!this.#since.has(call.key)) this.#since.set(call.key, this.#clock.now());
  }

  /** What somebody who decides on the call now has in front of them. */
  seen(call) {
    const since = this.#since.get(call.key);
    return {
      version: call.version,
      shown_at: since === undefined ? null : new Date(since).toISOString(),
      visible: document.visibilityState === "visible",
    };
  }

  forget(keys) {
    for (const key of keys) this.#since.delete(key);
  }
}
