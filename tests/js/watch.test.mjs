import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Notices } from "../../static/board/notices.js";
import { Sound } from "../../static/board/sound.js";
import { WakeLock } from "../../static/board/wakelock.js";
import { Watch } from "../../static/board/watch.js";

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
    return { gain: { value: 1 }, connect: () => {} };
  }

  createBuffer() {
    return { copyToChannel: () => {} };
  }

  createBufferSource() {
    const source = {
      playing: false,
      connect: () => {},
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

  async request() {
    const lock = { addEventListener: (kind, act) => (lock.released = act), release: async () => lock.released() };
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
  const notices = new Notices({ Notification, isHidden: () => hidden, onClick: () => {} });
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
