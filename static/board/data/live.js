/**
 * What this page knows of the calls at the moment, and how well it knows it.
 *
 * Events, for whoever shows or sounds something:
 *   frame      a frame was applied; `detail` is the frame
 *   arrived    calls began to ring; `detail` is a list of them
 *   forgotten  calls are not shown any more; `detail` is a list of their keys
 *   feed       the feed's state changed; `detail` is {was, is}
 *   tick       four times a second while the page is in view, seldom while it is not; nothing may depend on how often
 *   change     something that is shown may be different now; follows each of the others
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
  /** What a rejection needs, as the server measured it. Milliseconds. */
  rejectMilliseconds = USUAL_REJECT;
  /** Says of a row that it must stay where it is; whoever draws the rows knows. */
  isHeld = () => false;
  #told;
  #sleep = new SleepWatch();
  #isManned;

  /** `isManned` is false for a page that nobody sits at: it never counts as somebody who has the board in view. */
  constructor(socketUrl, { isManned = true } = {}) {
    super();
    this.#isManned = isManned;
    this.feed = new Feed(socketUrl, { onFrame: (frame) => this.#receive(frame), onState: () => this.#tellFeed() });
    this.#told = this.feed.state;
  }

  /** Connect, and keep an eye on the connection. */
  start() {
    document.addEventListener("visibilitychange", () => this.#lookedAt());
    addEventListener("online", () => this.feed.retry());
    this.feed.setVisible(this.#isInView());
    this.feed.start();
    setInterval(() => this.#tick(), TICK);
    this.changed();
  }

  /** Tell everybody that something shown may be different now. */
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
