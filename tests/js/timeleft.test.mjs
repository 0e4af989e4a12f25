import assert from "node:assert/strict";
import { test } from "node:test";

import { timeLeft } from "../../static/board/timeleft.js";

const RANG = Date.parse("2026-01-01T12:00:00Z");
const call = { received_at: "2026-01-01T12:00:00Z", deadline: "2026-01-01T12:00:15Z" };

test("at first the whole window is left", () => {
  assert.deepEqual(timeLeft(call, RANG), { seconds: 15, fraction: 1, phase: "open" });
});

test("seconds are rounded up, so that 0 is shown only when nothing is left", () => {
  assert.equal(timeLeft(call, RANG + 13_100).seconds, 2);
  assert.equal(timeLeft(call, RANG + 14_999).seconds, 1);
});

test("in the last second it may be too late", () => {
  assert.equal(timeLeft(call, RANG + 14_000).phase, "hurry");
});

test("past the deadline it is closed and never negative", () => {
  assert.deepEqual(timeLeft(call, RANG + 20_000), { seconds: 0, fraction: 0, phase: "closed" });
});

test("a clock behind the server's does not overfill the bar", () => {
  assert.equal(timeLeft(call, RANG - 3000).fraction, 1);
});

test("a call without a deadline has no time left to show", () => {
  assert.equal(timeLeft({ ...call, deadline: null }, RANG), null);
});
