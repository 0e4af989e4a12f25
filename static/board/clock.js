/**
 * The server's clock, as well as this browser can know it.
 *
 * Counted from a clock that nobody can set (`performance.now`), so neither a wrong wall clock nor a throttled timer
 * changes what is shown. A frame's time is old by the time it took to arrive, so the sample that puts the server
 * furthest ahead is the best one.
 */

const SAMPLES_KEPT = 12;

export class ServerClock {
  #localNow;
  #offsets = [];
  #fallback;

  constructor({ localNow = () => performance.now(), wallNow = () => Date.now() } = {}) {
    this.#localNow = localNow;
    this.#fallback = wallNow() - localNow();
  }

  /** Learn from a frame that has just arrived; `serverTime` is ISO 8601. */
  observe(serverTime) {
    const at = Date.parse(serverTime);
    if (Number.isNaN(at)) return;
    this.#offsets.push(at - this.#localNow());
    if (this.#offsets.length > SAMPLES_KEPT) this.#offsets.shift();
  }

  /** Milliseconds since the epoch on the server's clock. */
  now() {
    const offset = this.#offsets.length ? Math.max(...this.#offsets) : this.#fallback;
    return this.#localNow() + offset;
  }
}
