import assert from "node:assert/strict";
import { test } from "node:test";

import { Attempts, isUndecided } from "../../../static/board/data/attempts.js";

const decided = (outcome) => ({ decision: { outcome } });

test("the countdown stays while a decision may still fail, and goes once Graph accepted it or the call is over", () => {
  for (const outcome of ["requested", "refused", "unknown"]) assert.equal(isUndecided(decided(outcome), null), true, outcome);
  for (const outcome of ["accepted", "confirmed", "too_late", "caller_left", "ended_elsewhere"]) {
    assert.equal(isUndecided(decided(outcome), null), false, outcome);
  }
  assert.equal(isUndecided({ decision: null }, null), true);
});

test("the countdown goes with an answer that decides, and stays with one that does not or is still to come", () => {
  for (const status of [202, 409, 410]) assert.equal(isUndecided({}, { sending: false, status }), false, status);
  for (const status of [null, 0, 403, 502, 503, 504]) assert.equal(isUndecided({}, { sending: false, status }), true, status);
});

test("an answer about a call that was forgotten meanwhile changes nothing", () => {
  const attempts = new Attempts();
  attempts.begin("1", "busy");
  attempts.forget(["1"]);
  attempts.settle("1", { status: 202, body: {} });
  assert.equal(attempts.get("1"), null);
});
