/**
 * When each call arrived on this page and was first drawn while the page was visible, for the audit history.
 *
 * Survives reconnects, also to another process, which cannot know what was sent before.
 */

export class FirstSeen {
  #clock;
  #came = new Map();
  #since = new Map();
  #revisions = new Map();

  constructor(clock) {
    this.#clock = clock;
  }

  /** Record a frame: when each call first arrived, and the revision that brought its current state. */
  receive({ calls = [], revision }) {
    for (const { key } of calls) {
      if (!this.#came.has(key)) this.#came.set(key, this.#clock.now());
      this.#revisions.set(key, revision);
    }
  }

  /** Record that these records are drawn; ignored while the page is hidden. */
  note(records) {
    if (document.visibilityState !== "visible") return;
    for (const { call } of records) if (!this.#since.has(call.key)) this.#since.set(call.key, this.#clock.now());
  }

  /** Return what the page shows of the call now, as sent with a decision. */
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
