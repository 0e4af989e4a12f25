import assert from "node:assert/strict";
import { test } from "node:test";

import { ENDED, PROGRESS, RINGING, sectionOf } from "../../static/board/sections.js";
import { REST, SHOWN_AFTER_END, Store } from "../../static/board/store.js";

function call(key, more = {}) {
  return { key, version: 1, state: "incoming", direction: "incoming", received_at: `2026-01-01T12:00:0${key}Z`, ...more };
}

const snapshot = (...calls) => ({ type: "snapshot", revision: 1, calls });
const changes = (calls, gone = []) => ({ type: "changes", revision: 2, calls, gone });
const keys = (store, place) => store.section(place).map((record) => record.call.key);

function ended(key, more = {}) {
  return call(key, { version: 2, state: "terminated", ended_at: "2026-01-01T12:00:09Z", ...more });
}

test("calls belong where Graph's word puts them", () => {
  assert.equal(sectionOf(call("1")), RINGING);
  assert.equal(sectionOf(call("1", { state: "ringing" })), RINGING);
  assert.equal(sectionOf(call("1", { state: "established" })), PROGRESS);
  assert.equal(sectionOf(call("1", { direction: "outgoing" })), PROGRESS);
  assert.equal(sectionOf(call("1", { state: "somethingNew" })), PROGRESS);
  assert.equal(sectionOf(call("1", { missed_at: "2026-01-01T12:00:15Z" })), ENDED);
});

test("before a snapshot nothing is known, after an empty one all is calm", () => {
  const store = new Store();
  assert.equal(store.known, false);
  store.apply(snapshot(), 0);
  assert.equal(store.known, true);
});

test("a snapshot is drawn in the order in which the calls came, and new calls append", () => {
  const store = new Store();
  store.apply(snapshot(call("2"), call("1")), 0);
  store.apply(changes([call("0")]), 10);
  assert.deepEqual(keys(store, RINGING), ["1", "2", "0"]);
});

test("arrivals are told once, also when a second snapshot repeats them", () => {
  const store = new Store();
  assert.equal(store.apply(snapshot(call("1")), 0).length, 1);
  assert.equal(store.apply(snapshot(call("1")), 10).length, 0);
  assert.equal(store.apply(changes([call("1", { version: 2 })]), 20).length, 0);
});

test("an older version never overwrites a newer one", () => {
  const store = new Store();
  store.apply(snapshot(call("1", { version: 5, state: "established" })), 0);
  store.apply(changes([call("1", { version: 4 })]), 10);
  assert.equal(store.get("1").call.state, "established");
});

test("an ended call rests in its place, moves on, and is dropped", () => {
  const store = new Store();
  store.apply(snapshot(call("1"), call("2")), 0);
  store.apply(changes([ended("1")], ["1"]), 100);
  store.tidy(100 + REST - 1);
  assert.deepEqual(keys(store, RINGING), ["1", "2"]);
  assert.equal(store.ringingCount(), 1);
  store.tidy(100 + REST);
  assert.deepEqual(keys(store, RINGING), ["2"]);
  assert.deepEqual(keys(store, ENDED), ["1"]);
  store.tidy(100 + REST + SHOWN_AFTER_END);
  assert.deepEqual(keys(store, ENDED), []);
});

test("a held row does not move however long it has ended", () => {
  const store = new Store();
  store.apply(snapshot(call("1"), call("2")), 0);
  store.apply(changes([ended("1")], ["1"]), 0);
  store.tidy(60_000, (record) => record.place === RINGING);
  assert.deepEqual(keys(store, RINGING), ["1", "2"]);
});

test("the final state comes with the frame in which the call is gone", () => {
  const store = new Store();
  store.apply(snapshot(call("1")), 0);
  store.apply(changes([ended("1", { decision: { outcome: "confirmed", by: "anna" } })], ["1"]), 0);
  assert.equal(store.get("1").call.decision.outcome, "confirmed");
  assert.equal(store.get("1").vanished, false);
});

test("a call missing from a fresh snapshot is said to have left unseen", () => {
  const store = new Store();
  store.apply(snapshot(call("1"), call("2")), 0);
  store.apply(snapshot(call("2")), 60_000);
  assert.equal(store.get("1").vanished, true);
  assert.equal(store.get("1").belongs, ENDED);
});

test("somebody who may not look any more sees nothing", () => {
  const store = new Store();
  store.apply(snapshot(call("1")), 0);
  store.clear();
  assert.deepEqual(keys(store, RINGING), []);
  assert.equal(store.known, false);
});

test("a call that is answered after it was missed comes back", () => {
  const store = new Store();
  store.apply(snapshot(call("1")), 0);
  store.apply(changes([call("1", { version: 2, missed_at: "2026-01-01T12:00:15Z" })], ["1"]), 0);
  store.tidy(REST);
  store.apply(changes([call("1", { version: 3, state: "established" })]), REST + 10);
  store.tidy(3 * REST);
  assert.deepEqual(keys(store, PROGRESS), ["1"]);
});

test("old state and changes make the same board as a fresh snapshot", () => {
  const followed = new Store();
  followed.apply(snapshot(call("1"), call("2")), 0);
  followed.apply(changes([call("3"), call("2", { version: 2, state: "established" })]), 0);
  followed.apply(changes([ended("1")], ["1"]), 0);
  followed.tidy(REST);
  followed.tidy(REST + SHOWN_AFTER_END);
  const fresh = new Store();
  fresh.apply(snapshot(call("2", { version: 2, state: "established" }), call("3")), 0);
  for (const place of [RINGING, PROGRESS, ENDED]) assert.deepEqual(keys(followed, place), keys(fresh, place));
});
