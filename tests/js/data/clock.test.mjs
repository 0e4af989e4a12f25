import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerClock } from "../../../static/board/data/clock.js";

const NOON = Date.parse("2026-01-01T12:00:00.000Z");
const iso = (milliseconds) => new Date(milliseconds).toISOString();

function clockAt(start) {
  const local = { now: start, slept: 0 };
  const wallNow = () => NOON - 3_600_000 + local.now + local.slept;
  return { local, clock: new ServerClock({ localNow: () => local.now, wallNow }) };
}

test("before the first frame it trusts the browser's own clock", () => {
  const { clock, local } = clockAt(500);
  local.now += 1000;
  assert.equal(clock.now(), NOON - 3_600_000 + 1500);
});

test("a browser clock an hour slow is corrected by one frame", () => {
  const { clock, local } = clockAt(500);
  clock.observe(iso(NOON));
  local.now += 2000;
  assert.equal(clock.now(), NOON + 2000);
});

test("a frame that was long under way does not turn the clock back", () => {
  const { clock, local } = clockAt(0);
  clock.observe(iso(NOON));
  local.now += 5000;
  clock.observe(iso(NOON + 1000));
  assert.equal(clock.now(), NOON + 5000);
});

test("after a sleep in which local time stood still, the next frame sets it right", () => {
  const { clock, local } = clockAt(0);
  clock.observe(iso(NOON));
  local.now += 10;
  clock.observe(iso(NOON + 600_000));
  assert.equal(clock.now(), NOON + 600_000);
});

test("a time that cannot be read is ignored", () => {
  const { clock } = clockAt(0);
  clock.observe("yesterday");
  assert.equal(clock.now(), NOON - 3_600_000);
});

test("a sleep in which the steady clock stood still counts before any frame tells of it, and only once", () => {
  const { clock, local } = clockAt(0);
  clock.observe(iso(NOON));
  local.slept = 3_600_000;
  assert.equal(clock.now(), NOON + 3_600_000);
  clock.observe(iso(NOON + 3_601_000));
  assert.equal(clock.now(), NOON + 3_601_000);
});

test("a wall clock that is set back, or by a little, changes nothing", () => {
  const { clock, local } = clockAt(0);
  clock.observe(iso(NOON));
  local.slept = -600_000;
  assert.equal(clock.now(), NOON);
  local.slept = 900;
  assert.equal(clock.now(), NOON);
});

test("only the last twelve frames count, so that a clock that drifts is followed", () => {
  const { clock, local } = clockAt(500);
  clock.observe(iso(NOON + 500));
  const observeLate = () => {
    local.now += 2000;
    clock.observe(iso(NOON + local.now - 100));
    return clock.now() - NOON - local.now;
  };
  assert.deepEqual(Array.from({ length: 12 }, observeLate), [...Array(11).fill(0), -100]);
});

test("three seconds that only the wall clock saw are a sleep, less is none", () => {
  const { clock, local } = clockAt(500);
  clock.observe(iso(NOON + 500));
  local.slept = 2999;
  assert.equal(clock.now(), NOON + 500);
  local.slept = 3000;
  assert.equal(clock.now(), NOON + 3500);
});
