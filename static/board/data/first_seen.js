/**
 * When each call came to this page, and since when it has been in front of the person who decides, for the audit history.
 *
 * Kept over reconnects, also to another process, which cannot know what was sent before.
 */

export class FirstSeen {
  #clock;
  #came = new Map();
  #since = new Map();
  #revisions = new Map();

  constructor(clock) {
    this.#clock = clock;
  }

  /** Note what a frame brought: when each call came first, and the revision in which it is as it is now. */
  receive({ calls = [], revision }) {
    for (const { key } of calls) {
      if (!this.#came.has(key)) this.#came.set(key, this.#clock.now());
      this.#revisions.set(key, revision);
    }
  }

  /** Note that these records are drawn; it counts only while the page is in view. */
  note(records) {
    if (document.visibilityState !== "visible") return;
    for (const { call } of records) if (!this.#since.has(call.key)) this.#since.set(call.key, this.#clock.now());
  }

  /** What somebody who decides on the call now has in front of them. */
  seen(call) {
    return {
      version: call.version,
      revision: this.#revisions.get(call.key) ?? null,
      came_at: moment(this.#came.get(call.key)),
      shown_at: moment(this.#since.get(call.key)),
      visible: document.visibilityState === "visible",
    };
  }

  forget(keys) {
    for (const known of [this.#came, this.#since, this.#revisions]) for (const key of keys) known.delete(key);
  }
}

function moment(at) {
  return at === undefined ? null : new Date(at).toISOString();
}
