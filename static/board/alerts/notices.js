/** Desktop notices for a hidden page: one notice for all ringing calls. */

import { NOTICES } from "../data/permissions.js";
import { nameOf } from "../view/parties.js";
import { arrivalInWords } from "./announcer.js";

const NAMES_SHOWN = 4;
const PERMISSION_HOLDS = 1000; // milliseconds; reading it blocks the page until the browser's main process answers

export class Notices {
  #Notification;
  #options;
  #shown = null;
  #known = new Set();
  #refused = false;
  #permission = { is: NOTICES.MISSING, until: -Infinity };

  /** `isHidden()` says whether the page is hidden; `onClick()` is called when a notice is clicked. */
  constructor({ Notification = globalThis.Notification, isHidden, onClick }) {
    this.#Notification = Notification;
    this.#options = { isHidden, onClick };
  }

  get state() {
    if (!this.#Notification || this.#refused) return NOTICES.MISSING;
    const now = performance.now();
    if (now >= this.#permission.until) {
      this.#permission = { is: this.#Notification.permission, until: now + PERMISSION_HOLDS };
    }
    return this.#permission.is;
  }

  /** Ask for permission if it was never asked for; browsers require a click. */
  async ask() {
    if (this.state !== NOTICES.UNASKED) return;
    await this.#Notification.requestPermission();
    this.#permission.until = -Infinity;
  }

  /** Show a notice when a call begins to ring on a hidden page; close it when nothing rings or the page is visible. */
  tell(ringing, { silent }) {
    const arrived = ringing.filter((call) => !this.#known.has(call.key));
    this.#known = new Set(ringing.map((call) => call.key));
    if (!ringing.length || !this.#options.isHidden()) return this.close();
    if (arrived.length && this.state === NOTICES.GRANTED) this.#show(ringing, silent);
  }

  /** Show one sentence if the page is hidden, for instance that the feed is lost. */
  say(title) {
    if (this.#options.isHidden() && this.state === NOTICES.GRANTED) this.#open(title, {});
  }

  close() {
    this.#shown?.close();
    this.#shown = null;
  }

  #show(ringing, silent) {
    const names = ringing.slice(-NAMES_SHOWN).map((call) => nameOf(call.source));
    this.#open(arrivalInWords(ringing), { body: ringing.length > 1 ? names.join(", ") : "", silent });
  }

  #open(title, options) {
    try {
      this.#shown = new this.#Notification(title, { tag: "calls", renotify: true, ...options });
    } catch {
      this.#refused = true; // mobile browsers have the class, but its constructor throws on a page
      return;
    }
    this.#shown.onclick = () => {
      this.close();
      this.#options.onClick();
    };
  }
}
