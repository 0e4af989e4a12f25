import assert from "node:assert/strict";
import { test } from "node:test";

import { timeLeft } from "../../../static/board/data/time_left.js";

const RANG = Date.parse("2026-01-01T12:00:00Z");
const call = { received_at: "2026-01-01T12:00:00Z", deadline: "2026-01-01T12:00:15Z" };

test("at first the whole window is left, less what a rejection needs", () => {
  assert.deepEqual(timeLeft(call, RANG, 1500), { phase: "open", seconds: 14, fraction: 1, safe: 0.1 });
});

test("seconds are rounded up, so that 0 is shown only when nothing is left", () => {
  assert.equal(timeLeft(call, RANG + 13_100, 500).seconds, 2);
  assert.equal(timeLeft(call, RANG + 14_999, 0).seconds, 1);
});

test("past the last safe moment it may be too late, and the seconds count to the deadline", () => {
  assert.equal(timeLeft(call, RANG + 12_499, 2500).phase, "open");
  assert.deepEqual(timeLeft(call, RANG + 12_500, 2500), { phase: "hurry", seconds: 3, fraction: 2.5 / 15, safe: 2.5 / 15 });
});

test("where rejections take longer than the window it is in a hurry from the start", () => {
  assert.equal(timeLeft(call, RANG, 20_000).phase, "hurry");
  assert.equal(timeLeft(call, RANG, 20_000).safe, 1);
});

test("until the server has measured it a rejection is taken to need a second", () => {
  assert.equal(timeLeft(call, RANG + 13_999).phase, "open");
  assert.equal(timeLeft(call, RANG + 14_000).phase, "hurry");
});

test("past the deadline it is closed and never negative", () => {
  const { phase, seconds, fraction } = timeLeft(call, RANG + 20_000);
  assert.deepEqual({ phase, seconds, fraction }, { phase: "closed", seconds: 0, fraction: 0 });
});

test("a clock behind the server's does not overfill the bar", () => {
  assert.equal(timeLeft(call, RANG - 3000).fraction, 1);
});

test("a call without a deadline has no time left to show", () => {
  assert.equal(timeLeft({ ...call, deadline: null }, RANG), null);
});
