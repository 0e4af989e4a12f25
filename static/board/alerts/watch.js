/**
 * Watching: sound, desktop notices and the wake lock, switched by one button.
 *
 * The choice is stored for the tab, so that watching continues after a reload.
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

  /** `listener()` is called when the state of the sound or the wake lock changes. */
  onState(listener) {
    this.#sound.onState = listener;
    this.#wakeLock.onState = listener;
  }

  /** Continue watching after a reload; the sound may stay blocked until the next click. */
  resume() {
    if (this.#storage.getItem(REMEMBERED_AS) === "yes") this.#begin();
  }

  /** Start watching and ask for the permissions needed; browsers require a click. */
  async start(choices) {
    this.#storage.setItem(REMEMBERED_AS, "yes");
    this.#begin();
    if (choices.notices) await this.#notices.ask();
  }

  /** Only keep the screen awake, for the wall. */
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

  /** Unblock the sound after a click or key press. */
  touched() {
    if (this.isOn) this.#sound.unlock();
  }

  /** The page became visible: request the wake lock again and close the notice. */
  seen() {
    this.#wakeLock.renew();
    this.#notices.close();
  }

  /** Sound the tone and show a notice for these calls; silence both when there are none. */
  ring(calls, now, choices) {
    if (!this.isOn) return;
    if (choices.sound && calls.length) {
      this.#sound.ring({ tone: choices.tone, volume: choices.volume, seconds: secondsToRing(calls, now) });
    } else {
      this.#sound.silence();
    }
    this.#notices.tell(choices.notices ? calls : [], { silent: this.#sound.isPlaying });
  }

  /** Warn once about the page itself, such as a lost feed: one low tone and one notice. */
  warn(title, choices) {
    if (!this.isOn) return;
    if (choices.sound) this.#sound.once({ tone: "low", volume: choices.volume });
    if (choices.notices) this.#notices.say(title);
  }
}
