import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Socket } from "../browser.mjs";
import { backOff, Feed, STATES } from "../../../static/board/data/feed.js";

let clock;
let frames;
let states;

beforeEach(() => {
  Socket.made = [];
  clock = 1000;
  frames = [];
  states = [];
});

function started(onFrame = (frame) => frames.push(frame)) {
  const options = { onFrame, onState: () => states.push(feed.state), now: () => clock };
  const feed = new Feed("ws://x/ws/calls/", { ...options, WebSocket: Socket, random: () => 1 });
  feed.start();
  return feed;
}

const snapshot = { type: "snapshot", revision: 7, calls: [] };

test("it is live from the first snapshot on, not from the open socket", () => {
  const feed = started();
  assert.equal(feed.state, STATES.CONNECTING);
  Socket.made[0].deliver(snapshot);
  assert.equal(feed.state, STATES.LIVE);
});

test("every frame is acknowledged, heartbeats too", () => {
  started();
  Socket.made[0].deliver(snapshot);
  Socket.made[0].deliver({ type: "heartbeat", revision: 8 });
  const acks = Socket.made[0].sent.filter((frame) => !("visible" in frame));
  assert.deepEqual(acks, [{ type: "ack", revision: 7 }, { type: "ack", revision: 8 }]);
});

test("a change of visibility is told and is no acknowledgement of its own", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  feed.setVisible(false);
  assert.deepEqual(Socket.made[0].sent.at(-1), { type: "ack", revision: 7, visible: false });
});

test("a page opened in the background says so after its first snapshot", () => {
  const feed = started();
  feed.setVisible(false);
  assert.deepEqual(Socket.made[0].sent, []);
  Socket.made[0].deliver(snapshot);
  assert.deepEqual(Socket.made[0].sent.at(-1), { type: "ack", revision: 7, visible: false });
});

function stateAfter(feed, silence) {
  clock = 1000 + silence;
  feed.check();
  return feed.state;
}

test("13 s of silence are late, 25 s are lost, and not a millisecond earlier", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  assert.equal(stateAfter(feed, 12_999), STATES.LIVE);
  assert.equal(stateAfter(feed, 13_000), STATES.LATE);
  assert.equal(stateAfter(feed, 24_999), STATES.LATE);
  assert.equal(stateAfter(feed, 25_000), STATES.LOST);
  assert.equal(feed.lostAt, 1000);
  assert.equal(Socket.made[0].readyState, 3);
});

test("a socket that opens and says nothing is given up after 25 s", () => {
  const feed = started();
  assert.equal(stateAfter(feed, 24_999), STATES.CONNECTING);
  assert.equal(stateAfter(feed, 25_000), STATES.LOST);
  assert.equal(Socket.made[0].readyState, 3);
  assert.equal(feed.lostAt, 1000);
});

test("silence counts from the opening of a socket, not from the last frame of the one before", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  clock += 25_000;
  feed.check();
  clock += 500;
  feed.check();
  clock += 24_999;
  feed.check();
  assert.equal(Socket.made.length, 2);
  assert.equal(feed.retryAt, null);
  clock += 1;
  feed.check();
  assert.notEqual(feed.retryAt, null);
});

test("silence counts from the last frame, whatever kind it was", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  clock += 10_000;
  Socket.made[0].deliver({ type: "heartbeat", revision: 8 });
  assert.equal(stateAfter(feed, 22_999), STATES.LIVE);
  assert.equal(stateAfter(feed, 23_000), STATES.LATE);
  assert.equal(feed.lastFrameAt, 11_000);
});

test("visibility is told with each snapshot and not with other frames; a page is visible until it says otherwise", () => {
  started();
  Socket.made[0].deliver(snapshot);
  Socket.made[0].deliver({ type: "heartbeat", revision: 8 });
  const told = Socket.made[0].sent.filter((frame) => "visible" in frame);
  assert.deepEqual(told, [{ type: "ack", revision: 7, visible: true }]);
});

test("a feed that never opened is lost since its first try", () => {
  const feed = started();
  waitAfterClose(feed);
  waitAfterClose(feed);
  assert.equal(feed.lostAt, 1000);
});

test("a change of visibility is told while the feed is late, and not while it is lost", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  stateAfter(feed, 13_000);
  feed.setVisible(false);
  assert.deepEqual(Socket.made[0].sent.at(-1), { type: "ack", revision: 7, visible: false });
  const { length } = Socket.made[0].sent;
  stateAfter(feed, 25_000);
  feed.setVisible(true);
  assert.equal(Socket.made[0].sent.length, length);
});

test("a frame is handled before it is acknowledged", () => {
  const sentBefore = [];
  started(() => sentBefore.push(Socket.made[0].sent.length));
  Socket.made[0].deliver(snapshot);
  assert.deepEqual(sentBefore, [0]);
  assert.notEqual(Socket.made[0].sent.length, 0);
});

test("a frame that cannot be handled is not acknowledged", () => {
  started(() => {
    throw new Error("unreadable");
  });
  assert.throws(() => Socket.made[0].deliver(snapshot), /unreadable/);
  assert.deepEqual(Socket.made[0].sent, []);
});

test("nothing is sent to a socket that is closing", () => {
  started();
  Socket.made[0].readyState = 2;
  Socket.made[0].deliver(snapshot);
  assert.deepEqual(Socket.made[0].sent, []);
});

test("the page is told of each change of state once, and not of every frame", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  Socket.made[0].deliver({ type: "heartbeat", revision: 8 });
  stateAfter(feed, 13_000);
  stateAfter(feed, 13_001);
  stateAfter(feed, 25_000);
  assert.deepEqual(states, [STATES.LIVE, STATES.LATE, STATES.LOST]);
});

test("a frame makes a late feed live again", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  clock += 14_000;
  feed.check();
  Socket.made[0].deliver({ type: "heartbeat", revision: 8 });
  assert.equal(feed.state, STATES.LIVE);
});

test("a closed socket is opened again after its wait, and stays lost until a snapshot comes", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  Socket.made[0].onclose({ code: 4408 });
  assert.equal(feed.state, STATES.LOST);
  feed.check();
  assert.equal(Socket.made.length, 1);
  clock += 500;
  feed.check();
  assert.equal(Socket.made.length, 2);
  assert.equal(feed.state, STATES.LOST);
  Socket.made[1].deliver(snapshot);
  assert.equal(feed.state, STATES.LIVE);
  assert.equal(feed.lostAt, null);
});

test("a person need not wait", () => {
  const feed = started();
  Socket.made[0].onclose({ code: 1006 });
  feed.retry();
  assert.equal(Socket.made.length, 2);
  feed.retry();
  assert.equal(Socket.made.length, 2);
});

test("signed out and no right are final", () => {
  for (const [code, state] of [[4401, STATES.SIGNED_OUT], [4403, STATES.NO_RIGHT]]) {
    Socket.made = [];
    const feed = started();
    Socket.made[0].onclose({ code });
    clock += 600_000;
    feed.check();
    feed.retry();
    assert.equal(feed.state, state);
    assert.equal(Socket.made.length, 1);
  }
});

test("what an abandoned socket still says is not heard", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  clock += 25_000;
  feed.check();
  Socket.made[0].deliver({ type: "changes", revision: 9, calls: [], gone: [] });
  assert.equal(frames.length, 1);
  assert.equal(feed.state, STATES.LOST);
});

// Renewing ------------------------------------------------------------------------------------------------------------

/** A feed that is live on one socket and was renewed: the old socket is closed, its close event is still to come. */
function renewed() {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  feed.renew();
  return feed;
}

test("renewing a live feed opens another socket, closes the old one and is late until a frame comes", () => {
  const feed = renewed();
  assert.equal(Socket.made.length, 2);
  assert.equal(Socket.made[0].readyState, 3);
  assert.equal(Socket.made[1].readyState, 1);
  assert.equal(feed.state, STATES.LATE);
  Socket.made[1].deliver({ ...snapshot, revision: 1 });
  assert.equal(feed.state, STATES.LIVE);
  assert.deepEqual(Socket.made[1].sent[0], { type: "ack", revision: 1 });
});

test("a late feed is renewed as well", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  stateAfter(feed, 13_000);
  feed.renew();
  assert.equal(Socket.made.length, 2);
});

test("the close of the old socket leaves the new one alone", () => {
  const feed = renewed();
  Socket.made[0].onclose({ code: 1006 });
  assert.equal(feed.state, STATES.LATE);
  assert.equal(feed.retryAt, null);
  Socket.made[1].deliver(snapshot);
  Socket.made[0].onclose({ code: 4401 });
  assert.equal(feed.state, STATES.LIVE);
  assert.equal(Socket.made[1].readyState, 1);
});

test("a frame of the old socket is not heard after renewing", () => {
  renewed();
  Socket.made[0].deliver({ type: "heartbeat", revision: 8 });
  assert.equal(frames.length, 1);
});

test("renewing a lost feed opens a socket at once and only one", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  Socket.made[0].onclose({ code: 1006 });
  feed.renew();
  assert.equal(Socket.made.length, 2);
  assert.equal(feed.state, STATES.LOST);
  feed.renew();
  assert.equal(Socket.made.length, 2);
});

test("renewing opens nothing while the first socket connects, nor after the session ended", () => {
  const feed = started();
  feed.renew();
  assert.equal(Socket.made.length, 1);
  Socket.made[0].onclose({ code: 4401 });
  feed.renew();
  assert.equal(Socket.made.length, 1);
  assert.equal(feed.state, STATES.SIGNED_OUT);
});

// Waiting -------------------------------------------------------------------------------------------------------------

/** Close the newest socket and return how long the feed waits before it opens another, which it then does. */
function waitAfterClose(feed) {
  Socket.made.at(-1).onclose({ code: 1006 });
  const wait = feed.retryAt - clock;
  const { length } = Socket.made;
  clock += wait - 1;
  feed.check();
  assert.equal(Socket.made.length, length);
  clock += 1;
  feed.check();
  assert.equal(Socket.made.length, length + 1);
  return wait;
}

test("each failure doubles the wait, and a frame makes the next wait short again", () => {
  const feed = started();
  assert.deepEqual([1, 2, 3].map(() => waitAfterClose(feed)), [500, 1000, 2000]);
  assert.equal(feed.failures, 3);
  assert.equal(feed.everLive, false);
  Socket.made.at(-1).deliver(snapshot);
  assert.equal(feed.failures, 0);
  assert.equal(feed.everLive, true);
  assert.equal(waitAfterClose(feed), 500);
});

test("a feed that is lost stays lost since its last frame, however many tries fail", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  clock += 5000;
  waitAfterClose(feed);
  waitAfterClose(feed);
  assert.equal(feed.lostAt, 1000);
});

test("waits grow, stay bounded and differ by chance", () => {
  assert.equal(backOff(0, () => 1), 500);
  assert.equal(backOff(0, () => 0), 250);
  assert.ok(backOff(3, () => 0) > backOff(0, () => 1));
  assert.equal(backOff(50, () => 1), 15_000);
});
