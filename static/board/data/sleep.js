/**
 * Detects that the computer slept.
 *
 * On most systems `performance.now` stops during sleep and the wall clock does not.
 */

const SHORTEST_SLEEP = 3000; // milliseconds; less is a correction of the wall clock, or nothing

export class SleepWatch {
  #localNow;
  #wallNow;
  #difference;

  constructor({ localNow = () => performance.now(), wallNow = () => Date.now() } = {}) {
    this.#localNow = localNow;
    this.#wallNow = wallNow;
    this.#difference = this.#measure();
  }

  /** Return how many milliseconds the steady clock missed since the last look, 0 when it missed none. */
  look() {
    const difference = this.#measure();
    const missed = difference - this.#difference;
    this.#difference = difference;
    return missed >= SHORTEST_SLEEP ? missed : 0;
  }

  #measure() {
    return this.#wallNow() - this.#localNow();
  }
}
