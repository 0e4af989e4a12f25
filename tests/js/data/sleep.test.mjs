import assert from "node:assert/strict";
import { test } from "node:test";

import { SleepWatch } from "../../../static/board/data/sleep.js";

let local = 0;
let wall = 1_000_000;
const watch = () => new SleepWatch({ localNow: () => local, wallNow: () => wall });

function pass(milliseconds, { asleep = 0 } = {}) {
  local += milliseconds;
  wall += milliseconds + asleep;
}

test("time that passes on both clocks is no sleep, however long nobody looked", () => {
  const sleep = watch();
  pass(60_000);
  assert.equal(sleep.look(), 0);
});

test("an hour that only the wall clock saw was slept through, and is told once", () => {
  const sleep = watch();
  pass(250, { asleep: 3_600_000 });
  assert.equal(sleep.look(), 3_600_000);
  assert.equal(sleep.look(), 0);
});

test("a small correction of the wall clock, or one backwards, is no sleep", () => {
  const sleep = watch();
  pass(250, { asleep: 2000 });
  assert.equal(sleep.look(), 0);
  pass(250, { asleep: -3_600_000 });
  assert.equal(sleep.look(), 0);
});

test("three seconds that only the wall clock saw are a sleep", () => {
  const sleep = watch();
  pass(250, { asleep: 2999 });
  assert.equal(sleep.look(), 0);
  pass(250, { asleep: 3000 });
  assert.equal(sleep.look(), 3000);
});
