/**
 * The server's clock, as well as this browser can know it.
 *
 * Counted from a clock that nobody can set (`performance.now`), so neither a wrong wall clock nor a throttled timer
 * changes what is shown. A frame's time is old by the time it took to arrive, so the sample that puts the server
 * furthest ahead is the best one. The steady clock may stand still while the computer sleeps, the wall clock does not:
 * until the next frame, the time it has gained is believed, because a window taken for closed does less harm than one
 * taken for open.
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

  /** Learn from a frame that has just arrived; `serverTime` is ISO 8601. */
  observe(serverTime) {
    const at = Date.parse(serverTime);
    if (Number.isNaN(at)) return;
    const asleep = this.#asleep();
    this.#ahead = this.#wallNow() - this.#localNow();
    if (asleep) this.#offsets = [];
    this.#offsets.push(at - this.#localNow());
    if (this.#offsets.length > SAMPLES_KEPT) this.#offsets.shift();
  }

  /** Milliseconds since the epoch on the server's clock. */
  now() {
    const offset = this.#offsets.length ? Math.max(...this.#offsets) : this.#fallback;
    return this.#localNow() + offset + this.#asleep();
  }

  #asleep() {
    const gained = this.#wallNow() - this.#localNow() - this.#ahead;
    return gained >= SHORTEST_SLEEP ? gained : 0;
  }
}
