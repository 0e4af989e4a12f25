/**
 * Joins feed, clock and store, and tells the rest of the page about them in events.
 *
 *   frame      a frame was applied; `detail` is the frame
 *   arrived    calls began to ring; `detail` is a list of them
 *   forgotten  calls were dropped from the board; `detail` is a list of their keys
 *   feed       the feed's state changed; `detail` is {was, is}
 *   tick       every 250 ms; browsers throttle it to once a minute on a hidden page
 *   change     something drawn may differ; follows each of the others
 */

import { ServerClock } from "./clock.js";
import { Feed, STATES } from "./feed.js";
import { SleepWatch } from "./sleep.js";
import { Store } from "./store.js";
import { USUAL_REJECT } from "./time_left.js";

const TICK = 250;
const NOBODY_MAY_SEE = new Set([STATES.SIGNED_OUT, STATES.NO_RIGHT]);

export class Live extends EventTarget {
  clock = new ServerClock();
  store = new Store();
  feed;
  /** Duration of a rejection as measured by the server. Milliseconds. */
  rejectMilliseconds = USUAL_REJECT;
  /** Whether a row must not move; set by the view. */
  isHeld = () => false;
  #told;
  #sleep = new SleepWatch();
  #isManned;

  /** `isManned` is false for a wall, which never counts as a supervisor who has the board in view. */
  constructor(socketUrl, { isManned = true } = {}) {
    super();
    this.#isManned = isManned;
    this.feed = new Feed(socketUrl, { onFrame: (frame) => this.#receive(frame), onState: () => this.#tellFeed() });
    this.#told = this.feed.state;
  }

  /** Connect, and check the connection from now on. */
  start() {
    document.addEventListener("visibilitychange", () => this.#lookedAt());
    addEventListener("online", () => this.feed.retry());
    this.feed.setVisible(this.#isInView());
    this.feed.start();
    setInterval(() => this.#tick(), TICK);
    this.changed();
  }

  /** Dispatch `change`. */
  changed() {
    this.dispatchEvent(new Event("change"));
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #receive(frame) {
    if (frame.server_time) this.clock.observe(frame.server_time);
    if (typeof frame.reject_seconds === "number") this.rejectMilliseconds = frame.reject_seconds * 1000;
    const arrived = this.store.apply(frame, performance.now(), this.isHeld);
    this.#tell("frame", frame);
    if (arrived.length) this.#tell("arrived", arrived);
    this.changed();
  }

  #tellFeed() {
    const was = this.#told;
    this.#told = this.feed.state;
    if (NOBODY_MAY_SEE.has(this.feed.state)) this.store.clear();
    this.#tell("feed", { was, is: this.feed.state });
    this.changed();
  }

  #lookedAt() {
    this.feed.setVisible(this.#isInView());
    if (document.visibilityState === "visible") this.feed.retry();
    this.changed();
  }

  #isInView() {
    return this.#isManned && document.visibilityState === "visible";
  }

  #tick() {
    if (this.#sleep.look()) this.feed.renew();
    this.feed.check();
    const forgotten = this.store.tidy(performance.now(), this.isHeld);
    if (forgotten.length) this.#tell("forgotten", forgotten);
    this.#tell("tick");
    this.changed();
  }
}
