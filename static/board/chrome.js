/** The page around the calls: feed state, watch controls, banners and browser tab; starts and stops the alarm. */

import { render } from "../vendor/lit-html-3.3.3/lit-html.js";
import { callsToRingFor } from "./alerts/alarm.js";
import { isFresh, isLost, STATES } from "./data/feed.js";
import { sessionEnding } from "./data/session.js";
import { bannersOf } from "./view/banner_state.js";
import { banners } from "./view/banners.js";
import { connection } from "./view/connection.js";
import { wallHint, watchControls, watchers } from "./view/status_bar.js";
import { Tab } from "./view/tab.js";
import { gettext } from "./view/words.js";

/** Least time between two updates while the page is visible. Milliseconds. */
const LOOK_EVERY = 100;
/** A wall reloads at most once in this time: two processes of different versions may serve it in turn. Milliseconds. */
const OLD_ENOUGH = 60_000;

export class Chrome {
  #root;
  #places;
  #live;
  #attempts;
  #page;
  #watch;
  #preferences;
  #announcer;
  #tab = new Tab(document);
  #lookedAt = -LOOK_EVERY;
  #wanted = [];
  #unheard = 0;
  #watching = null;
  #build = null;
  #announced = new Set();
  #actions = {
    startWatching: () => this.#then(this.#watch.start(this.#preferences.all)),
    stopWatching: () => this.#then(this.#watch.stop()),
    unlock: () => this.#watch.touched(),
    doWithoutNotices: () => this.#preferences.change({ notices: false }),
    reload: () => location.reload(),
  };

  /** Draws into the elements `connection`, `watchers`, `watch` and `banners` in `root`. */
  constructor(root, { live, attempts, page, watch, preferences, announcer }) {
    this.#root = root;
    this.#places = Object.fromEntries(
      ["connection", "watchers", "watch", "banners"].map((id) => [id, root.querySelector(`#${id}`)]),
    );
    this.#live = live;
    this.#attempts = attempts;
    this.#page = page;
    this.#watch = watch;
    this.#preferences = preferences;
    this.#announcer = announcer;
    live.addEventListener("frame", ({ detail }) => this.#hear(detail));
    live.addEventListener("feed", ({ detail }) => this.#feedChanged(detail));
    live.addEventListener("change", () => this.#lookSometimes());
    preferences.onChange(() => this.look());
    watch.onState(() => this.look());
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => this.#touched(), { capture: true });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && watch.seen());
    if (page.isWall) watch.stayAwake();
    watch.resume();
  }

  /** Unblock the sound. A wall has no button: any touch starts watching there. */
  #touched() {
    if (this.#page.isWall) this.#watch.start({ ...this.#preferences.all, notices: false });
    else this.#watch.touched();
  }

  #hear(frame) {
    this.#watching = frame.watching ?? this.#watching;
    this.#build = frame.build ?? this.#build;
  }

  #feedChanged({ is }) {
    if (is === STATES.SIGNED_OUT) this.#unheard = this.#wanted.length;
    if (is === STATES.LIVE) this.#unheard = 0;
    if (is !== STATES.LATE && isLost(this.#live.feed)) this.#watch.warn(this.#lossInWords(is), this.#preferences.all);
    this.look();
  }

  #lossInWords(state) {
    return state === STATES.SIGNED_OUT ? gettext("You have been signed out.") : gettext("The live feed is lost.");
  }

  async #then(promise) {
    this.look();
    await promise;
    this.look();
  }

  /** Update now, or skip a change that follows the last too soon; a hidden page never skips, its timers are throttled. */
  #lookSometimes() {
    const isSoon = performance.now() - this.#lookedAt < LOOK_EVERY;
    if (!isSoon || document.visibilityState !== "visible") this.look();
  }

  /** Start or stop the alarm, and draw the current state. */
  look() {
    this.#lookedAt = performance.now();
    const { clock, feed, store } = this.#live;
    const now = clock.now();
    const calls = Array.from(store.ringing(), ({ call }) => call);
    this.#wanted = callsToRingFor(calls, { now, attemptOn: (key) => this.#attempts.get(key), isFresh: isFresh(feed) });
    this.#watch.ring(this.#wanted, now, this.#preferences.all);
    this.#tab.show({ count: store.ringingCount(), isLost: isLost(feed) });
    this.#draw(now);
    if (this.#page.isWall) this.#keepUpToDate();
  }

  /** A wall loads a new version by itself while nothing rings. */
  #keepUpToDate() {
    if (this.#isOutdated() && !this.#wanted.length && performance.now() > OLD_ENOUGH) location.reload();
  }

  #isOutdated() {
    return Boolean(this.#page.build && this.#build && this.#build !== this.#page.build);
  }

  #draw(now) {
    const { feed } = this.#live;
    const choices = this.#preferences.all;
    const watch = this.#watch.state;
    const shown = this.#bannersAt(now, watch, choices);
    render(connection(feed, performance.now(), { login: this.#page.loginUrl }), this.#places.connection);
    render(watchers(isFresh(feed) ? this.#watching : null, this.#page), this.#places.watchers);
    render(this.#page.isWall ? wallHint(watch, choices) : watchControls(watch, choices, this.#actions), this.#places.watch);
    render(banners(shown, this.#actions), this.#places.banners);
    this.#announce(shown);
    this.#root.dataset.feed = feed.state;
    this.#root.dataset.alarm = watch.isRinging ? "ringing" : "silent";
    this.#root.dataset.watch = watch.isOn ? "on" : "off";
  }

  #bannersAt(now, watch, choices) {
    const session = sessionEnding(this.#page.sessionEnds, now);
    return bannersOf({
      watch,
      choices,
      session: this.#unheard ? { ended: true, minutes: 0 } : session,
      unheard: this.#unheard,
      isOutdated: this.#isOutdated(),
      ringing: this.#wanted.length,
      loginUrl: `${this.#page.loginUrl}&again`,
    });
  }

  /** Announce each banner once, when it appears. */
  #announce(shown) {
    for (const { name, text } of shown) if (!this.#announced.has(name)) this.#announcer.say(text);
    this.#announced = new Set(shown.map(({ name }) => name));
  }
}
