/** Keeps the screen awake while it is wanted; browsers take that back whenever the page is hidden. */

export class WakeLock {
  /** Called when the lock was taken or lost. */
  onState = () => {};
  #wakeLock;
  #wanted = false;
  #held = null;

  constructor(wakeLock = globalThis.navigator?.wakeLock) {
    this.#wakeLock = wakeLock;
  }

  get isHeld() {
    return this.#held !== null;
  }

  /** Promise to keep the screen awake from now on, or no longer. */
  async want(wanted) {
    this.#wanted = wanted;
    if (wanted) return this.renew();
    await this.#held?.release();
  }

  /** Take it again if it was taken away; to be called when the page comes into view. */
  async renew() {
    if (!this.#wanted || this.#held || !this.#wakeLock) return;
    try {
      const held = await this.#wakeLock.request("screen");
      this.#held = held;
      held.addEventListener("release", () => this.#released(held));
      if (!this.#wanted) await held.release();
    } catch {
      // Hidden page, or a battery almost empty: the next time it comes into view it is tried again.
    }
    this.onState();
  }

  #released(lock) {
    if (this.#held === lock) this.#held = null;
    this.onState();
  }
}
