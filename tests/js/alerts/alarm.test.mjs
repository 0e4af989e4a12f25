import assert from "node:assert/strict";
import { test } from "node:test";

import { callsToRingFor, secondsToRing } from "../../../static/board/alerts/alarm.js";

const NOW = Date.parse("2026-01-01T12:00:05Z");
const call = (key, more = {}) => ({
  key,
  state: "incoming",
  direction: "incoming",
  deadline: "2026-01-01T12:00:15Z",
  decision: null,
  let_pass: null,
  ...more,
});
const keys = (calls, options = {}) => callsToRingFor(calls, { now: NOW, ...options }).map(({ key }) => key);

test("an undecided call rings until its deadline", () => {
  assert.deepEqual(keys([call("1")]), ["1"]);
  assert.deepEqual(keys([call("1")], { now: Date.parse("2026-01-01T12:00:15Z") }), []);
});

test("whoever decides first silences it, for each outcome that holds the call", () => {
  for (const outcome of ["requested", "accepted", "confirmed", "unknown"]) {
    assert.deepEqual(keys([call("1", { decision: { outcome } }), call("2")]), ["2"]);
  }
});

test("it rings again when Graph refused the rejection, for then nobody has decided", () => {
  assert.deepEqual(keys([call("1", { decision: { outcome: "refused" } })]), ["1"]);
});

test("a call that was let pass is silent", () => {
  assert.deepEqual(keys([call("1", { let_pass: { by: "ada", at: "2026-01-01T12:00:03Z" } })]), []);
});

test("what this page has just asked for is silent before anybody answers", () => {
  const attemptOn = (key) => (key === "1" ? { sending: true, status: null } : null);
  assert.deepEqual(keys([call("1"), call("2")], { attemptOn }), ["2"]);
});

test("calls that were answered, ended, missed or made by the bot do not ring", () => {
  const silent = [{ state: "established" }, { ended_at: "x" }, { missed_at: "x" }, { direction: "outgoing" }];
  assert.deepEqual(keys(silent.map((more, index) => call(String(index), more))), []);
});

test("without a deadline it rings only while the feed would tell of the end", () => {
  const endless = call("1", { deadline: null });
  assert.deepEqual(keys([endless], { isFresh: true }), ["1"]);
  assert.deepEqual(keys([endless], { isFresh: false }), []);
});

test("the sound is bounded by the last deadline", () => {
  assert.equal(secondsToRing([call("1"), call("2", { deadline: "2026-01-01T12:00:09Z" })], NOW), 10);
  assert.equal(secondsToRing([call("1", { deadline: null })], NOW), Infinity);
  assert.equal(secondsToRing([], NOW), 0);
});
