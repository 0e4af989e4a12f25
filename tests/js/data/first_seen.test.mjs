import assert from "node:assert/strict";
import { test } from "node:test";

import { FirstSeen } from "../../../static/board/data/first_seen.js";

globalThis.document = { visibilityState: "visible" };

function page() {
  const clock = { at: Date.UTC(2026, 10, 27, 12, 0, 0), now: () => clock.at };
  return { clock, shown: new FirstSeen(clock) };
}
const call = (version) => ({ key: "a", version });
const frame = (revision, ...calls) => ({ type: "changes", revision, calls });

test("when a call came first is kept, the revision is that of what is seen now", () => {
  const { clock, shown } = page();
  shown.receive(frame(7, call(1)));
  clock.at += 1500;
  shown.note([{ call: call(1) }]);
  shown.receive(frame(9, call(2)));
  assert.deepEqual(shown.seen(call(2)), {
    version: 2,
    revision: 9,
    came_at: "2026-11-27T12:00:00.000Z",
    shown_at: "2026-11-27T12:00:01.500Z",
    visible: true,
  });
});

test("a snapshot of another process, counting from one, changes the revision and not when the call came", () => {
  const { clock, shown } = page();
  shown.receive(frame(40, call(1)));
  clock.at += 60_000;
  shown.receive({ type: "snapshot", revision: 1, calls: [call(1)] });
  const { revision, came_at } = shown.seen(call(1));
  assert.deepEqual([revision, came_at], [1, "2026-11-27T12:00:00.000Z"]);
});

test("heartbeats bring no call, and what is forgotten comes anew", () => {
  const { clock, shown } = page();
  shown.receive({ type: "heartbeat", revision: 3 });
  shown.receive(frame(4, call(1)));
  shown.forget(["a"]);
  assert.equal(shown.seen(call(1)).came_at, null);
  clock.at += 1000;
  shown.receive(frame(5, call(1)));
  assert.equal(shown.seen(call(1)).came_at, "2026-11-27T12:00:01.000Z");
});
