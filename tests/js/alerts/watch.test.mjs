import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Notices } from "../../../static/board/alerts/notices.js";
import { Sound } from "../../../static/site/sound.js";
import { samplesOf } from "../../../static/site/tones.js";
import { WakeLock } from "../../../static/board/alerts/wake_lock.js";
import { Watch } from "../../../static/board/alerts/watch.js";

/** A browser's sound, which is blocked until somebody touches the page. */
class AudioContext {
  static touched = false;
  static made = [];
  sampleRate = 8000;
  currentTime = 0;
  destination = {};
  sources = [];
  state = "suspended";

  constructor() {
    AudioContext.made.push(this);
  }

  async resume() {
    if (!AudioContext.touched) return;
    this.state = "running";
    this.onstatechange?.();
  }

  createGain() {
    this.made = { gain: { value: 1 }, connect: (place) => (this.heard = place === this.destination) };
    return this.made;
  }

  createBuffer() {
    const buffer = { copyToChannel: (samples) => Object.assign(buffer, { samples }) };
    return buffer;
  }

  createBufferSource() {
    const source = {
      playing: false,
      connect: (place) => (source.place = place),
      start: () => (source.playing = true),
      stop: (at = this.currentTime) => {
        source.stopAt = at;
        if (at <= this.currentTime) source.playing = false;
      },
    };
    this.sources.push(source);
    return source;
  }
}

class Notification {
  static permission = "default";
  static shown = [];

  static async requestPermission() {
    Notification.permission = "granted";
  }

  constructor(title, options) {
    Object.assign(this, { title, ...options });
    Notification.shown.push(this);
  }

  close() {
    this.closed = true;
  }
}

class Screen {
  locks = [];

  async request(kind) {
    assert.equal(kind, "screen");
    const listeners = {};
    const lock = {
      addEventListener: (name, listener) => (listeners[name] = listener),
      release: async () => lock.released(),
      released: () => listeners.release(),
    };
    this.locks.push(lock);
    return lock;
  }
}

class Storage {
  #kept = new Map();
  getItem = (name) => this.#kept.get(name) ?? null;
  setItem = (name, value) => this.#kept.set(name, value);
  removeItem = (name) => this.#kept.delete(name);
}

const NOW = Date.parse("2026-01-01T12:00:05Z");
const CHOICES = { sound: true, notices: true, tone: "bell", volume: 70 };
const call = (key) => ({ key, source: { name: `Caller ${key}` }, targets: [], deadline: "2026-01-01T12:00:15Z" });
let clicks;
let hidden;
let screen;
let storage;

beforeEach(() => {
  AudioContext.touched = true;
  AudioContext.made = [];
  Notification.permission = "default";
  Notification.shown = [];
  hidden = false;
  screen = new Screen();
  storage = new Storage();
});

function made() {
  clicks = 0;
  const notices = new Notices({ Notification, isHidden: () => hidden, onClick: () => (clicks += 1) });
  return new Watch({ sound: new Sound(AudioContext), notices, wakeLock: new WakeLock(screen), storage });
}

const playing = () => AudioContext.made[0].sources.filter((source) => source.playing);

test("one button asks for everything", async () => {
  const watch = made();
  assert.deepEqual(watch.state, { isOn: false, sound: "off", notices: "default", isAwake: false, isRinging: false });
  await watch.start(CHOICES);
  assert.deepEqual(watch.state, { isOn: true, sound: "ready", notices: "granted", isAwake: true, isRinging: false });
});

test("nobody is asked for notices who does not want any", async () => {
  await made().start({ ...CHOICES, notices: false });
  assert.equal(Notification.permission, "default");
});

test("it rings while a call wants a decision, one tone for all, and is silent when none does", async () => {
  const watch = made();
  await watch.start(CHOICES);
  watch.ring([call("1")], NOW, CHOICES);
  watch.ring([call("1"), call("2")], NOW, CHOICES);
  assert.equal(playing().length, 1);
  assert.equal(watch.state.isRinging, true);
  watch.ring([], NOW, CHOICES);
  assert.equal(playing().length, 0);
  assert.equal(watch.state.isRinging, false);
});

test("the tone ends by itself at the deadline, should the page not be woken", async () => {
  const watch = made();
  await watch.start(CHOICES);
  watch.ring([call("1")], NOW, CHOICES);
  assert.equal(playing()[0].stopAt, 10);
});

test("with sound switched off it is silent, and notices still come", async () => {
  const watch = made();
  const quiet = { ...CHOICES, sound: false };
  await watch.start(quiet);
  hidden = true;
  watch.ring([call("1")], NOW, quiet);
  assert.equal(watch.state.isRinging, false);
  assert.equal(Notification.shown[0].title, "Caller 1 is calling");
  assert.equal(Notification.shown[0].silent, false);
});

test("nothing rings before somebody watches, nor after", async () => {
  const watch = made();
  watch.ring([call("1")], NOW, CHOICES);
  assert.deepEqual(AudioContext.made, []);
  await watch.start(CHOICES);
  watch.ring([call("1")], NOW, CHOICES);
  watch.stop();
  assert.equal(playing().length, 0);
  assert.equal(watch.state.isAwake, false);
});

test("after a reload it goes on, blocked until the page is touched", async () => {
  await made().start(CHOICES);
  AudioContext.touched = false;
  AudioContext.made = [];
  const watch = made();
  watch.resume();
  watch.ring([call("1")], NOW, CHOICES);
  assert.equal(watch.state.sound, "blocked");
  assert.equal(watch.state.isRinging, false);
  AudioContext.touched = true;
  watch.touched();
  assert.equal(watch.state.isRinging, true);
});

test("who stopped watching does not go on after a reload", async () => {
  const watch = made();
  await watch.start(CHOICES);
  watch.stop();
  const next = made();
  next.resume();
  assert.equal(next.isOn, false);
});

test("a hidden page shows one notice for all that rings, and takes it away at the decision", async () => {
  const watch = made();
  await watch.start(CHOICES);
  hidden = true;
  watch.ring([call("1")], NOW, CHOICES);
  watch.ring([call("1")], NOW, CHOICES);
  watch.ring([call("1"), call("2")], NOW, CHOICES);
  assert.deepEqual(Notification.shown.map(({ title, body }) => [title, body]), [
    ["Caller 1 is calling", ""],
    ["2 calls are ringing", "Caller 1, Caller 2"],
  ]);
  assert.equal(Notification.shown[1].closed, undefined);
  watch.ring([], NOW, CHOICES);
  assert.equal(Notification.shown[1].closed, true);
});

test("a page in view shows no notice, and takes the one away that stood", async () => {
  const watch = made();
  await watch.start(CHOICES);
  watch.ring([call("1")], NOW, CHOICES);
  assert.deepEqual(Notification.shown, []);
  hidden = true;
  watch.ring([call("1"), call("2")], NOW, CHOICES);
  watch.seen();
  assert.equal(Notification.shown[0].closed, true);
});

test("the screen is kept awake again after the page was hidden", async () => {
  const watch = made();
  await watch.start(CHOICES);
  await screen.locks[0].release();
  assert.equal(watch.state.isAwake, false);
  watch.seen();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(watch.state.isAwake, true);
  assert.equal(screen.locks.length, 2);
});

test("the page is told when the browser gives or takes away the sound or the screen", async () => {
  AudioContext.touched = false;
  const watch = made();
  let told = 0;
  watch.onState(() => (told += 1));
  await watch.start({ ...CHOICES, notices: false });
  const before = told;
  AudioContext.touched = true;
  watch.touched();
  assert.equal(told, before + 1);
  await screen.locks[0].release();
  assert.equal(told, before + 2);
});

test("who stopped watching is not watching, and nothing of it stands any more", async () => {
  const watch = made();
  await watch.start(CHOICES);
  hidden = true;
  watch.ring([call("1")], NOW, CHOICES);
  watch.stop();
  assert.equal(watch.isOn, false);
  assert.equal(Notification.shown[0].closed, true);
  watch.ring([call("2")], NOW, CHOICES);
  assert.equal(playing().length, 0);
  assert.equal(Notification.shown.length, 1);
});

test("a click on a page that nobody watches opens no sound", () => {
  made().touched();
  assert.deepEqual(AudioContext.made, []);
});

test("a wall keeps the screen awake and asks for nothing else", async () => {
  const watch = made();
  watch.stayAwake();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(watch.state, { isOn: false, sound: "off", notices: "default", isAwake: true, isRinging: false });
});

// Warnings ------------------------------------------------------------------------------------------------------------

test("a warning is one low tone and one notice, each where it is wanted", async () => {
  for (const [choices, tones, notices] of [[{}, 1, 1], [{ sound: false }, 0, 1], [{ notices: false }, 1, 0]]) {
    Object.assign(Notification, { permission: "granted", shown: [] });
    hidden = false;
    AudioContext.made = [];
    const watch = made();
    await watch.start(CHOICES);
    hidden = true;
    watch.warn("The live feed is lost.", { ...CHOICES, ...choices });
    assert.equal(playing().length, tones);
    for (const { buffer } of playing()) assert.deepEqual(buffer.samples, samplesOf("low", 8000));
    assert.deepEqual(Notification.shown.map(({ title }) => title), Array(notices).fill("The live feed is lost."));
  }
});

test("nobody is warned who does not watch", () => {
  Notification.permission = "granted";
  hidden = true;
  made().warn("The live feed is lost.", CHOICES);
  assert.deepEqual([AudioContext.made, Notification.shown], [[], []]);
});

test("a warning does not interrupt what rings, and plays once", async () => {
  const watch = made();
  await watch.start(CHOICES);
  watch.warn("The live feed is lost.", CHOICES);
  assert.equal(AudioContext.made[0].sources[0].loop, false);
  watch.ring([call("1")], NOW, CHOICES);
  assert.equal(AudioContext.made[0].sources[1].loop, true);
  watch.warn("The live feed is lost.", CHOICES);
  assert.equal(AudioContext.made[0].sources.length, 2);
});

test("a warning does not show on a page in view", async () => {
  const watch = made();
  await watch.start(CHOICES);
  watch.warn("The live feed is lost.", CHOICES);
  assert.deepEqual(Notification.shown, []);
});

// Sound ---------------------------------------------------------------------------------------------------------------

test("half the volume sounds half as loud, and no volume is beyond what there is", async () => {
  const watch = made();
  await watch.start(CHOICES);
  const gains = [100, 50, 0, 400, -3].map((volume) => {
    watch.ring([call("1")], NOW, { ...CHOICES, volume });
    return AudioContext.made[0].made.gain.value;
  });
  assert.deepEqual(gains, [1, 0.25, 0, 1, 0]);
  assert.equal(AudioContext.made[0].heard, true);
  const sound = new Sound(AudioContext);
  sound.once({ tone: "bell", volume: 50 });
  assert.equal(AudioContext.made[1].made.gain.value, 0.25);
});

test("what is heard is the chosen tone, at the chosen volume", async () => {
  const watch = made();
  await watch.start(CHOICES);
  watch.ring([call("1")], NOW, { ...CHOICES, tone: "ping" });
  const [{ buffer, place }] = playing();
  assert.deepEqual(buffer.samples, samplesOf("ping", 8000));
  assert.equal(place, AudioContext.made[0].made);
});

test("another tone takes the place of the one that plays, the same one goes on", async () => {
  const watch = made();
  await watch.start(CHOICES);
  watch.ring([call("1")], NOW, CHOICES);
  watch.ring([call("1")], NOW, { ...CHOICES, tone: "ping" });
  watch.ring([call("1")], NOW, { ...CHOICES, tone: "ping" });
  assert.equal(AudioContext.made[0].sources.length, 2);
  assert.deepEqual(AudioContext.made[0].sources.map(({ playing }) => playing), [false, true]);
});

test("a tone for calls without a deadline has no end of its own", async () => {
  const watch = made();
  await watch.start(CHOICES);
  watch.ring([{ ...call("1"), deadline: null }], NOW, CHOICES);
  assert.equal(playing()[0].stopAt, undefined);
});

test("a tone that ended by itself is not playing, and the next call makes another", async () => {
  const watch = made();
  await watch.start(CHOICES);
  watch.ring([call("1")], NOW, CHOICES);
  const [first] = AudioContext.made[0].sources;
  first.onended();
  assert.equal(watch.state.isRinging, false);
  watch.ring([call("1")], NOW, CHOICES);
  first.onended(); // late news of the tone before
  assert.equal(watch.state.isRinging, true);
});

test("a browser that cannot play sounds says so, and nothing fails", async () => {
  const sound = new Sound(null);
  sound.unlock();
  sound.ring({ tone: "bell", volume: 70, seconds: 1 });
  sound.once({ tone: "bell", volume: 70 });
  sound.silence();
  assert.deepEqual([sound.state, sound.isPlaying], ["missing", false]);
});

test("a sound that runs already is not asked for again, a blocked one is", async () => {
  const watch = made();
  await watch.start(CHOICES);
  const [context] = AudioContext.made;
  let asked = 0;
  context.resume = async () => (asked += 1);
  watch.touched();
  assert.deepEqual([asked, AudioContext.made.length], [0, 1]);
  context.state = "interrupted";
  watch.touched();
  assert.equal(asked, 1);
});

// Notices -------------------------------------------------------------------------------------------------------------

test("people are asked for notices only once", async () => {
  for (const permission of ["granted", "denied"]) {
    Notification.permission = permission;
    let asked = 0;
    class Asked extends Notification {
      static permission = permission;
      static requestPermission = async () => (asked += 1);
    }
    await new Notices({ Notification: Asked, isHidden: () => true, onClick: () => {} }).ask();
    assert.equal(asked, 0);
  }
});

test("the permission is read at most once a second, and again right after it was asked for", async () => {
  let now = 0;
  let reads = 0;
  mock.method(performance, "now", () => now);
  class Counted extends Notification {
    static get permission() {
      reads += 1;
      return Notification.permission;
    }
  }
  const notices = new Notices({ Notification: Counted, isHidden: () => true, onClick: () => {} });
  const readsAt = (time) => {
    now = time;
    assert.equal(notices.state, "default");
    return reads;
  };
  assert.deepEqual([0, 999, 1000, 1999, 2000].map(readsAt), [1, 1, 2, 2, 3]);
  await notices.ask();
  assert.equal(notices.state, "granted");
  mock.reset();
});

test("a notice names the last four that ring, silent where the tone is heard, and replaces the one before", async () => {
  const watch = made();
  await watch.start(CHOICES);
  hidden = true;
  watch.ring(["1", "2", "3", "4", "5"].map(call), NOW, CHOICES);
  const { body, silent, tag, renotify } = Notification.shown[0];
  assert.deepEqual([body, silent, tag, renotify], ["Caller 2, Caller 3, Caller 4, Caller 5", true, "calls", true]);
});

test("a call that is known already is not told again when another one leaves", async () => {
  const watch = made();
  await watch.start(CHOICES);
  hidden = true;
  watch.ring([call("1"), call("2")], NOW, CHOICES);
  watch.ring([call("2")], NOW, CHOICES);
  assert.equal(Notification.shown.length, 1);
});

test("no notice comes that was not allowed, or is not wanted", async () => {
  for (const [permission, notices] of [["denied", true], ["granted", false]]) {
    Object.assign(Notification, { permission, shown: [] });
    hidden = true;
    const watch = made();
    await watch.start({ ...CHOICES, notices });
    watch.ring([call("1")], NOW, { ...CHOICES, notices });
    assert.deepEqual(Notification.shown, [], permission);
  }
});

test("whoever follows a notice comes to the page, and the notice goes", async () => {
  const watch = made();
  await watch.start(CHOICES);
  hidden = true;
  watch.ring([call("1")], NOW, CHOICES);
  Notification.shown[0].onclick();
  assert.deepEqual([clicks, Notification.shown[0].closed], [1, true]);
});

test("a browser without notices, or that refuses to make one, is said to have none", () => {
  class Refusing {
    static permission = "granted";
    constructor() {
      throw new TypeError("Illegal constructor");
    }
  }
  const options = { isHidden: () => true, onClick: () => {} };
  assert.equal(new Notices({ Notification: null, ...options }).state, "missing");
  const notices = new Notices({ Notification: Refusing, ...options });
  assert.equal(notices.state, "granted");
  notices.say("The live feed is lost.");
  assert.equal(notices.state, "missing");
});

// The screen ----------------------------------------------------------------------------------------------------------

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("the screen is asked for only while it is wanted, and only once at a time", async () => {
  const lock = new WakeLock(screen);
  await lock.renew();
  assert.equal(screen.locks.length, 0);
  await lock.want(true);
  await lock.renew();
  assert.equal(screen.locks.length, 1);
  await lock.want(false);
  assert.equal(lock.isHeld, false);
  await lock.renew();
  assert.equal(screen.locks.length, 1);
});

test("a screen that comes after it is wanted no more is given back", async () => {
  const lock = new WakeLock(screen);
  const wanted = lock.want(true);
  lock.want(false);
  await wanted;
  await turn();
  assert.equal(lock.isHeld, false);
});

test("a browser that refuses, or has no such thing, changes nothing", async () => {
  const refusing = new WakeLock({ request: () => Promise.reject(new Error("hidden")) });
  let told = 0;
  refusing.onState = () => (told += 1);
  await refusing.want(true);
  assert.deepEqual([refusing.isHeld, told], [false, 1]);
  const none = new WakeLock(null);
  await none.want(true);
  assert.equal(none.isHeld, false);
});

test("news of an old lock does not touch the new one", async () => {
  const lock = new WakeLock(screen);
  await lock.want(true);
  await screen.locks[0].release();
  await lock.renew();
  screen.locks[0].released();
  assert.equal(lock.isHeld, true);
});
