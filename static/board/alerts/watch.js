/**
 * Keeping watch: one button after which calls are heard, shown on the desktop, and the screen stays awake.
 *
 * That somebody watches is remembered for the tab, so that a reload goes on watching.
 */

import { secondsToRing } from "./alarm.js";

const REMEMBERED_AS = "watching";

export class Watch {
  #sound;
  #notices;
  #wakeLock;
  #storage;
  isOn = false;

  constructor({ sound, notices, wakeLock, storage }) {
    this.#sound = sound;
    this.#notices = notices;
    this.#wakeLock = wakeLock;
    this.#storage = storage;
  }

  get state() {
    return {
      isOn: this.isOn,
      sound: this.#sound.state,
      notices: this.#notices.state,
      isAwake: this.#wakeLock.isHeld,
      isRinging: this.#sound.isPlaying,
    };
  }

  /** `listener()` is called when the browser gives or takes away something that was asked for. */
  onState(listener) {
    this.#sound.onState = listener;
    this.#wakeLock.onState = listener;
  }

  /** Go on where a reload interrupted; the browser decides whether the page may be heard without another click. */
  resume() {
    if (this.#storage.getItem(REMEMBERED_AS) === "yes") this.#begin();
  }

  /** Begin to watch; to be called during a click. Promises to have asked for what has to be asked for. */
  async start(choices) {
    this.#storage.setItem(REMEMBERED_AS, "yes");
    this.#begin();
    if (choices.notices) await this.#notices.ask();
  }

  /** Keep the screen awake without anything else, on a wall. */
  stayAwake() {
    this.#wakeLock.want(true);
  }

  #begin() {
    this.isOn = true;
    this.#sound.unlock();
    this.#wakeLock.want(true);
  }

  stop() {
    this.#storage.removeItem(REMEMBERED_AS);
    this.isOn = false;
    this.#sound.silence();
    this.#notices.close();
    this.#wakeLock.want(false);
  }

  /** Somebody clicked or pressed a key: browsers that blocked the sound allow it now. */
  touched() {
    if (this.isOn) this.#sound.unlock();
  }

  /** The page came into view, where what was taken away can be had again. */
  seen() {
    this.#wakeLock.renew();
    this.#notices.close();
  }

  /** Let the calls that want a decision be heard and seen, or be silent when there are none. */
  ring(calls, now, choices) {
    if (!this.isOn) return;
    if (choices.sound && calls.length) {
      this.#sound.ring({ tone: choices.tone, volume: choices.volume, seconds: secondsToRing(calls, now) });
    } else {
      this.#sound.silence();
    }
    this.#notices.tell(choices.notices ? calls : [], { silent: this.#sound.isPlaying });
  }

  /** Tell somebody who does not look that something happened to the page itself: one low tone, one notice. */
  warn(title, choices) {
    if (!this.isOn) return;
    if (choices.sound) this.#sound.once({ tone: "low", volume: choices.volume });
    if (choices.notices) this.#notices.say(title);
  }
}
