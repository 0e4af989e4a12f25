/**
 * Estimates the server's clock from the times in frames.
 *
 * Based on `performance.now`, which nobody can set. A frame's time is old by its transit time, so the sample with the
 * largest offset is the best one. `performance.now` may stop during sleep; until the next frame, the time the wall
 * clock gained is added, because a window shown as closed does less harm than one shown as open.
 */

const SAMPLES_KEPT = 12;
const SHORTEST_SLEEP = 3000; // less is a correction of the wall clock

export class ServerClock {
  #localNow;
  #wallNow;
  #offsets = [];
  #fallback;
  #ahead;

  constructor({ localNow = () => performance.now(), wallNow = () => Date.now() } = {}) {
    this.#localNow = localNow;
    this.#wallNow = wallNow;
    this.#fallback = this.#ahead = wallNow() - localNow();
  }

  /** Add the time of a frame that just arrived; `serverTime` is ISO 8601. */
  observe(serverTime) {
    const at = Date.parse(serverTime);
    if (Number.isNaN(at)) return;
    const asleep = this.#asleep();
    this.#ahead = this.#wallNow() - this.#localNow();
    if (asleep) this.#offsets = [];
    this.#offsets.push(at - this.#localNow());
    if (this.#offsets.length > SAMPLES_KEPT) this.#offsets.shift();
  }

  /** Return milliseconds since the epoch on the server's clock. */
  now() {
    const offset = this.#offsets.length ? Math.max(...this.#offsets) : this.#fallback;
    return this.#localNow() + offset + this.#asleep();
  }

  #asleep() {
    const gained = this.#wallNow() - this.#localNow() - this.#ahead;
    return gained >= SHORTEST_SLEEP ? gained : 0;
  }
}
