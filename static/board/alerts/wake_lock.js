/** Keeps the screen awake; browsers release the lock whenever the page is hidden. */

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

  /** Start or stop keeping the screen awake. */
  async want(wanted) {
    this.#wanted = wanted;
    if (wanted) return this.renew();
    await this.#held?.release();
  }

  /** Request the lock again if the browser released it; call this when the page becomes visible. */
  async renew() {
    if (!this.#wanted || this.#held || !this.#wakeLock) return;
    try {
      const held = await this.#wakeLock.request("screen");
      this.#held = held;
      held.addEventListener("release", () => this.#released(held));
      if (!this.#wanted) await held.release();
    } catch {
      // Hidden page or low battery: requested again when the page becomes visible.
    }
    this.onState();
  }

  #released(lock) {
    if (this.#held === lock) this.#held = null;
    this.onState();
  }
}
