import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { backOff, Feed, STATES } from "../../static/board/feed.js";

class Socket {
  static OPEN = 1;
  static made = [];
  readyState = 1;
  sent = [];

  constructor(url) {
    this.url = url;
    Socket.made.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  deliver(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

let clock;
let frames;

beforeEach(() => {
  Socket.made = [];
  clock = 1000;
  frames = [];
});

function started() {
  const options = { onFrame: (frame) => frames.push(frame), onState: () => {}, now: () => clock };
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

test("13 s of silence are late, 25 s are lost", () => {
  const feed = started();
  Socket.made[0].deliver(snapshot);
  clock += 13_000;
  feed.check();
  assert.equal(feed.state, STATES.LATE);
  clock += 12_000;
  feed.check();
  assert.equal(feed.state, STATES.LOST);
  assert.equal(feed.lostAt, 1000);
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

test("waits grow, stay bounded and differ by chance", () => {
  assert.equal(backOff(0, () => 1), 500);
  assert.equal(backOff(0, () => 0), 250);
  assert.ok(backOff(3, () => 0) > backOff(0, () => 1));
  assert.equal(backOff(50, () => 1), 15_000);
});
