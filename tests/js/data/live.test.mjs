import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { page, Socket, view } from "../browser.mjs";
import { STATES } from "../../../static/board/data/feed.js";
import { Live } from "../../../static/board/data/live.js";
import { REST, SHOWN_AFTER_END } from "../../../static/board/data/store.js";

const NOON = Date.parse("2026-01-01T12:00:00Z");
const call = (key, more = {}) => ({ key, version: 1, state: "incoming", direction: "incoming", received_at: "2026-01-01T12:00:00Z", ...more });
const ended = (key) => call(key, { version: 2, state: "terminated", ended_at: "2026-01-01T12:00:09Z" });
const snapshot = (...calls) => ({ type: "snapshot", revision: 7, calls });
const EVENTS = ["frame", "arrived", "forgotten", "feed", "tick", "change"];

/** The steady clock, and the wall clock, which alone goes on while the computer sleeps. */
const clocks = { steady: 0, wall: NOON };

beforeEach(() => {
  mock.reset();
  mock.timers.reset();
  mock.timers.enable({ apis: ["setInterval"] });
  Object.assign(clocks, { steady: 1000, wall: NOON });
  mock.method(performance, "now", () => clocks.steady);
  mock.method(Date, "now", () => clocks.wall);
  Socket.made = [];
  for (const target of [page, view]) target.forgetListeners();
  page.visibilityState = "visible";
});

function started(options) {
  const live = new Live("wss://calls.example/ws/calls/", options);
  const told = [];
  for (const name of EVENTS) live.addEventListener(name, ({ detail }) => told.push([name, detail]));
  live.start();
  return { live, told, deliver: (frame) => Socket.made.at(-1).deliver(frame) };
}

/** Let time go by on both clocks, with as many ticks as a page in view has. */
function pass(milliseconds) {
  for (let gone = 0; gone < milliseconds; gone += 250) {
    clocks.steady += 250;
    clocks.wall += 250;
    mock.timers.tick(250);
  }
}

const names = (told) => told.map(([name]) => name);
const visibleTold = () => Socket.made.at(-1).sent.filter((frame) => "visible" in frame).map(({ visible }) => visible);

function show(state) {
  page.visibilityState = state;
  page.dispatchEvent(new Event("visibilitychange"));
}

test("a frame is told, then the calls that began to ring, then that something changed", () => {
  const { told, deliver } = started();
  told.length = 0;
  deliver(snapshot(call("1")));
  assert.deepEqual(names(told), ["frame", "arrived", "change", "feed", "change"]);
  assert.deepEqual(told[1][1].map(({ key }) => key), ["1"]);
  told.length = 0;
  deliver({ type: "heartbeat", revision: 8 });
  assert.deepEqual(names(told), ["frame", "change"]);
});

test("the feed's states are told with the one before", () => {
  const { told, deliver } = started();
  deliver(snapshot());
  Socket.made[0].onclose({ code: 1006 });
  assert.deepEqual(
    told.filter(([name]) => name === "feed").map(([, detail]) => detail),
    [{ was: STATES.CONNECTING, is: STATES.LIVE }, { was: STATES.LIVE, is: STATES.LOST }],
  );
});

test("calls disappear for whoever may not see them, and stay while the feed is only lost", () => {
  for (const [code, remain] of [[4401, false], [4403, false], [1006, true]]) {
    const { live, deliver } = started();
    deliver(snapshot(call("1")));
    Socket.made.at(-1).onclose({ code });
    assert.equal(Boolean(live.store.get("1")), remain, code);
  }
});

test("the server's time and what a rejection needs are learned from frames that tell them", () => {
  const { live, deliver } = started();
  assert.equal(live.rejectMilliseconds, 1000);
  deliver({ ...snapshot(), server_time: "2026-01-01T13:00:00Z", reject_seconds: 0.25 });
  assert.equal(live.clock.now(), NOON + 3_600_000);
  assert.equal(live.rejectMilliseconds, 250);
  deliver({ type: "heartbeat", revision: 8, reject_seconds: null });
  assert.equal(live.rejectMilliseconds, 250);
});

test("the server is told whether somebody can see the page, from the start and at each change", () => {
  const { deliver } = started();
  deliver(snapshot());
  show("hidden");
  show("visible");
  assert.deepEqual(visibleTold(), [true, false, true]);
  page.visibilityState = "hidden";
  const other = started();
  other.deliver(snapshot());
  assert.deepEqual(visibleTold(), [false]);
});

test("the page is drawn once it starts, and when it comes into view", () => {
  const { told } = started();
  assert.deepEqual(names(told), ["change"]);
  show("hidden");
  show("visible");
  assert.deepEqual(names(told), ["change", "change", "change"]);
});

test("a page that nobody sits at never counts as in view", () => {
  const { deliver } = started({ isManned: false });
  deliver(snapshot());
  show("visible");
  assert.deepEqual(visibleTold(), [false, false]);
});

test("a lost feed is tried at once when the page comes into view or the network comes back", () => {
  for (const happen of [() => show("visible"), () => view.dispatchEvent(new Event("online"))]) {
    started();
    Socket.made.at(-1).onclose({ code: 1006 });
    const { length } = Socket.made;
    show("hidden");
    assert.equal(Socket.made.length, length);
    happen();
    assert.ok(Socket.made.length > length);
    page.forgetListeners();
  }
});

test("every quarter of a second it ticks, and silence is noticed", () => {
  const { live, told, deliver } = started();
  deliver(snapshot());
  told.length = 0;
  pass(250);
  assert.deepEqual(names(told), ["tick", "change"]);
  pass(13_000);
  assert.equal(live.feed.state, STATES.LATE);
});

test("calls that are shown no more are told once", () => {
  const { told, deliver } = started();
  deliver(snapshot(call("1")));
  deliver({ type: "changes", revision: 8, calls: [ended("1")], gone: ["1"] });
  pass(REST + SHOWN_AFTER_END + 500);
  assert.deepEqual(told.filter(([name]) => name === "forgotten"), [["forgotten", ["1"]]]);
});

test("a row that is held stays, by frames and by ticks", () => {
  const { live, deliver } = started();
  deliver(snapshot(call("1")));
  live.isHeld = () => true;
  deliver({ type: "changes", revision: 8, calls: [ended("1")], gone: ["1"] });
  pass(REST + 500);
  assert.equal(live.store.get("1").row.place, "ringing");
});

test("after a sleep another socket is opened, for the one there is may be dead", () => {
  const { live, deliver } = started();
  deliver(snapshot());
  clocks.wall += 3_600_000;
  pass(250);
  assert.equal(Socket.made.length, 2);
  assert.equal(Socket.made[0].readyState, 3);
  assert.equal(live.feed.state, STATES.LATE);
  pass(250);
  assert.equal(Socket.made.length, 2);
});
