import assert from "node:assert/strict";
import { test } from "node:test";

import { ENDED, PROGRESS, RINGING, sectionOf } from "../../../static/board/data/sections.js";
import { REST, SHOWN_AFTER_END, Store } from "../../../static/board/data/store.js";

function call(key, more = {}) {
  return { key, version: 1, state: "incoming", direction: "incoming", received_at: `2026-01-01T12:00:0${key}Z`, ...more };
}

const snapshot = (...calls) => ({ type: "snapshot", revision: 1, calls });
const changes = (calls, gone = []) => ({ type: "changes", revision: 2, calls, gone });
const keys = (store, place) => store.list(place).shown.map((row) => row.call.key);
const person = (id) => ({ kind: "user", id, name: id });

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
  assert.deepEqual(store.apply(changes([call("1", { version: 4 })]), 10), []);
  assert.equal(store.get("1").call.state, "established");
});

test("the same version with other facts about who watched is taken in, from a snapshot and from changes", () => {
  const store = new Store();
  const over = (watched) => ended("1", { watched });
  store.apply(snapshot(over(true)), 0);
  store.apply(snapshot(over(false)), 10);
  assert.equal(store.get("1").call.watched, false);
  store.apply(changes([over(true)], ["1"]), 20);
  assert.equal(store.get("1").call.watched, true);
});

test("a call that is the same in a second snapshot is not drawn again, one with other facts is", () => {
  const store = new Store();
  store.apply(snapshot(call("1", { watched: true }), call("2", { watched: true })), 0);
  const drawn = ["1", "2"].map((key) => store.get(key).row.revision);
  store.apply(snapshot(call("1", { watched: true }), call("2", { watched: false })), 10);
  assert.equal(store.get("1").row.revision, drawn[0]);
  assert.ok(store.get("2").row.revision > drawn[1]);
});

test("a call that left unseen and is in a later snapshot again, unchanged, rings again", () => {
  const store = new Store();
  store.apply(snapshot(call("1"), call("2")), 0);
  store.apply(snapshot(call("2")), 10);
  assert.equal(store.get("1").vanished, true);
  const arrived = store.apply(snapshot(call("1"), call("2")), 20);
  assert.deepEqual(arrived.map(({ key }) => key), ["1"]);
  assert.equal(store.get("1").vanished, false);
  assert.equal(store.get("1").belongs, RINGING);
  assert.equal(store.ringingCount(), 2);
});

test("a call that had ended before it left a snapshot has not left unseen", () => {
  const store = new Store();
  store.apply(snapshot(ended("1")), 0);
  store.apply(snapshot(), 10);
  store.apply(changes([], ["1", "unknown"]), 20);
  assert.equal(store.get("1").vanished, false);
});

test("a call that is gone without its final state has left unseen, and rests in its place", () => {
  const store = new Store();
  store.apply(snapshot(call("1"), call("2", { state: "established" })), 0);
  store.apply(changes([], ["1", "2"]), 10);
  assert.deepEqual([store.get("1").vanished, store.get("2").vanished], [true, true]);
  assert.deepEqual([keys(store, RINGING), keys(store, PROGRESS)], [["1"], ["2"]]);
  store.tidy(10 + REST);
  assert.deepEqual(keys(store, ENDED), ["1", "2"]);
});

test("a frame without calls changes nothing", () => {
  const store = new Store();
  store.apply(snapshot(call("1")), 0);
  assert.deepEqual(store.apply({ type: "heartbeat", revision: 2 }, 10), []);
  assert.deepEqual(store.apply({ type: "changes", revision: 3 }, 20), []);
  assert.deepEqual(keys(store, RINGING), ["1"]);
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
  store.tidy(100 + REST + SHOWN_AFTER_END - 1);
  assert.deepEqual(keys(store, ENDED), ["1"]);
  store.tidy(100 + REST + SHOWN_AFTER_END);
  assert.deepEqual(keys(store, ENDED), []);
});

test("an ended call moves on and is drawn anew even if its state changes while it rests", () => {
  const store = new Store();
  store.apply(snapshot(call("1")), 0);
  store.apply(changes([ended("1")], ["1"]), 100);
  store.apply(changes([ended("1", { version: 3 })], ["1"]), 100 + REST - 1);
  const { revision } = store.get("1").row;
  store.tidy(100 + REST);
  assert.deepEqual(keys(store, ENDED), ["1"]);
  assert.ok(store.get("1").row.revision > revision);
});

test("a call that had ended when the page opened is dropped as well", () => {
  const store = new Store();
  store.apply(snapshot(ended("1")), 0);
  assert.deepEqual(store.tidy(SHOWN_AFTER_END - 1), []);
  assert.deepEqual(store.tidy(SHOWN_AFTER_END), ["1"]);
});

test("a held row does not move however long it has ended", () => {
  const store = new Store();
  store.apply(snapshot(call("1"), call("2")), 0);
  store.apply(changes([ended("1")], ["1"]), 0);
  store.tidy(60_000, (row) => row.place === RINGING);
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

test("one person whose call comes again is one row, and a rejection goes to the newest call that rings", () => {
  const store = new Store();
  const ada = { chain_id: "c", source: person("ada") };
  store.apply(snapshot(call("1", ada), call("2", { chain_id: "c", source: person("grace") }), call("3", ada)), 0);
  assert.deepEqual(keys(store, RINGING), ["3", "2"]);
  assert.equal(store.ringingCount(), 2);
  store.apply(changes([ended("3", ada)], ["3"]), 10);
  assert.deepEqual(keys(store, RINGING), ["1", "2"]);
  store.apply(changes([call("4", ada)]), 20);
  assert.deepEqual(keys(store, RINGING), ["4", "2"]);
  assert.equal(store.get("1").row.records.length, 3);
});

test("a person without a name, or without a chain, is nobody else", () => {
  const store = new Store();
  store.apply(snapshot(call("1", { chain_id: "c", source: null }), call("2", { chain_id: "c", source: null })), 0);
  store.apply(changes([call("3", { chain_id: "", source: person("ada") }), call("4", { source: person("ada") })]), 0);
  assert.equal(store.ringingCount(), 4);
});

test("a call that learns who calls keeps its row, and that person's next call joins it", () => {
  const store = new Store();
  const ada = { chain_id: "c", source: person("ada") };
  store.apply(snapshot(call("1", { chain_id: "c", source: null }), call("2")), 0);
  const { row } = store.get("1");
  store.apply(changes([call("1", { ...ada, version: 2 })]), 10);
  assert.equal(store.get("1").row, row);
  store.apply(changes([call("3", ada)]), 20);
  assert.equal(store.get("3").row, row);
  assert.equal(store.ringingCount(), 2);
  store.apply(changes([call("1", { ...ada, version: 3 })]), 30);
  assert.deepEqual(keys(store, RINGING), ["3", "2"]);
});

test("a row that learned who calls makes room for the person it stood for before", () => {
  const store = new Store();
  const [ada, grace] = ["ada", "grace"].map((id) => ({ chain_id: "c", source: person(id) }));
  store.apply(snapshot(call("1", ada)), 0);
  store.apply(changes([call("1", { ...grace, version: 2 })]), 10);
  store.apply(changes([call("2", ada)]), 20);
  assert.notEqual(store.get("2").row, store.get("1").row);
});

test("a person who calls after their row was dropped gets a new row, also one whose name came late", () => {
  const store = new Store();
  const ada = { chain_id: "c", source: person("ada") };
  store.apply(snapshot(call("1", { chain_id: "c", source: null })), 0);
  store.apply(changes([call("1", { ...ada, version: 2 })]), 10);
  store.apply(changes([ended("1", { ...ada, version: 3 })], ["1"]), 20);
  store.tidy(20 + REST);
  store.tidy(20 + REST + SHOWN_AFTER_END);
  store.apply(changes([call("2", ada)]), 90_000);
  assert.equal(store.get("2").row.records.length, 1);
  assert.deepEqual(keys(store, RINGING), ["2"]);
});

test("a call that learns who calls stays apart from a row that person has already", () => {
  const store = new Store();
  const ada = { chain_id: "c", source: person("ada") };
  store.apply(snapshot(call("1", ada), call("2", { chain_id: "c", source: null })), 0);
  store.apply(changes([call("2", { ...ada, version: 2 })]), 10);
  assert.notEqual(store.get("2").row, store.get("1").row);
  store.apply(changes([call("3", ada)]), 20);
  assert.equal(store.get("3").row, store.get("1").row);
});

test("a row of several calls keeps its person when one of the calls names another", () => {
  const store = new Store();
  const ada = { chain_id: "c", source: person("ada") };
  store.apply(snapshot(call("1", ada), call("2", ada)), 0);
  store.apply(changes([call("2", { ...ada, source: person("grace"), version: 2 })]), 10);
  store.apply(changes([call("3", ada), call("4", { chain_id: "c", source: person("grace") })]), 20);
  assert.equal(store.get("3").row, store.get("1").row);
  assert.notEqual(store.get("4").row, store.get("1").row);
});

test("calls are the same person's only with the same chain, kind and id", () => {
  const ada = { chain_id: "c", source: person("ada") };
  const others = [{ chain_id: "d", source: person("ada") }, { chain_id: "c", source: { ...person("ada"), kind: "guest" } }];
  for (const other of others) {
    const store = new Store();
    store.apply(snapshot(call("1", ada), call("2", other)), 0);
    assert.equal(store.ringingCount(), 2, JSON.stringify(other));
  }
});

test("recordings of one conversation are counted together and decided each", () => {
  const store = new Store();
  const recording = { chain_id: "c", source: person("ada"), policy_recording: true };
  store.apply(snapshot(call("1", recording), call("2", recording), call("3")), 0);
  assert.deepEqual(keys(store, RINGING), ["1", "2", "3"]);
  assert.deepEqual(store.recordingOf(store.get("2").row), { number: 2, of: 2 });
  assert.equal(store.recordingOf(store.get("3").row), null);
});

test("recordings that are no longer shown are not counted, and the others are counted anew", () => {
  const store = new Store();
  const recording = { chain_id: "c", source: person("ada"), policy_recording: true };
  store.apply(snapshot(call("1", recording), call("2", recording), call("3", recording)), 0);
  assert.deepEqual(store.recordingOf(store.get("1").row), { number: 1, of: 3 });
  store.apply(changes([ended("1", recording)], ["1"]), 10);
  store.tidy(10 + REST);
  assert.deepEqual(store.recordingOf(store.get("3").row), { number: 3, of: 3 });
  store.tidy(10 + REST + SHOWN_AFTER_END);
  assert.deepEqual(store.recordingOf(store.get("2").row), { number: 1, of: 2 });
  assert.deepEqual(store.recordingOf(store.get("3").row), { number: 2, of: 2 });
  store.apply(changes([ended("2", recording), ended("3", recording)], ["2", "3"]), 50_000);
  store.tidy(50_000 + REST);
  store.tidy(50_000 + REST + SHOWN_AFTER_END);
  store.apply(changes([call("4", recording)]), 99_000);
  assert.deepEqual(store.recordingOf(store.get("4").row), { number: 1, of: 1 });
});

test("a recording that joins draws the others again, since they are counted anew", () => {
  const store = new Store();
  const recording = { chain_id: "c", source: person("ada"), policy_recording: true };
  store.apply(snapshot(call("1", recording)), 0);
  const { revision } = store.get("1").row;
  store.apply(changes([call("2", recording)]), 10);
  assert.ok(store.get("1").row.revision > revision);
});

test("a recording without a chain belongs to no other", () => {
  const store = new Store();
  const recording = { chain_id: "", source: person("ada"), policy_recording: true };
  store.apply(snapshot(call("1", recording), call("2", recording)), 0);
  assert.equal(store.recordingOf(store.get("1").row), null);
});

test("a recording that begins late is put to the others, in both places where somebody looks", () => {
  const store = new Store();
  const recording = { chain_id: "c", source: person("ada"), policy_recording: true };
  store.apply(snapshot(call("1", recording), call("2"), call("3")), 0);
  store.apply(changes([call("4", recording)]), 10);
  store.apply(changes([call("5", recording)]), 20);
  assert.deepEqual(keys(store, RINGING), ["1", "4", "5", "2", "3"]);
  assert.deepEqual(store.recordingOf(store.get("5").row), { number: 3, of: 3 });
  const answered = ["1", "2", "4"].map((key) => call(key, { ...(key === "2" ? {} : recording), version: 2, state: "established" }));
  store.apply(changes(answered), 30);
  store.tidy(30 + REST);
  assert.deepEqual(keys(store, PROGRESS), ["1", "4", "2"]);
});

test("a late recording comes to the others only when no row that is held would move", () => {
  const store = new Store();
  const recording = { chain_id: "c", source: person("ada"), policy_recording: true };
  const held = (row) => row.call.key === "2";
  store.apply(snapshot(call("1", recording), call("2"), call("3")), 0);
  store.apply(changes([call("4", recording)]), 10, held);
  assert.deepEqual(keys(store, RINGING), ["1", "2", "3", "4"]);
  store.tidy(20, held);
  assert.deepEqual(keys(store, RINGING), ["1", "2", "3", "4"]);
  store.tidy(30);
  assert.deepEqual(keys(store, RINGING), ["1", "4", "2", "3"]);
});

test("a row that rings again while it is shown as ended comes back, at the end", () => {
  const store = new Store();
  const ada = { chain_id: "c", source: person("ada") };
  store.apply(snapshot(call("1", ada), call("2")), 0);
  store.apply(changes([ended("1", ada)], ["1"]), 0);
  store.tidy(REST);
  assert.deepEqual(keys(store, ENDED), ["1"]);
  assert.equal(store.apply(changes([call("3", ada)]), REST + 10).length, 1);
  assert.deepEqual(keys(store, RINGING), ["2", "3"]);
  assert.deepEqual(keys(store, ENDED), []);
});

test("what is dropped is told once, with everything that hung on it", () => {
  const store = new Store();
  store.apply(snapshot(call("1")), 0);
  store.apply(changes([ended("1")], ["1"]), 0);
  assert.deepEqual(store.tidy(REST), []);
  assert.deepEqual(store.tidy(REST + SHOWN_AFTER_END), ["1"]);
  assert.deepEqual(store.tidy(2 * (REST + SHOWN_AFTER_END)), []);
  assert.equal(store.get("1"), undefined);
  assert.deepEqual(store.choices.of("state"), []);
});

test("a filter hides rows, and what rings behind it is counted", () => {
  const store = new Store();
  store.apply(snapshot(call("1", { source: person("ada") }), call("2", { source: person("grace") })), 0);
  store.filter((row) => row.call.source.id === "ada");
  assert.deepEqual(keys(store, RINGING), ["1"]);
  assert.equal(store.ringingCount(), 2);
  assert.equal(store.hiddenRingingCount(), 1);
  store.apply(changes([call("3", { source: person("alan") }), call("4", { source: person("ada") })]), 10);
  assert.deepEqual(keys(store, RINGING), ["1", "4"]);
  assert.equal(store.hiddenRingingCount(), 2);
  store.filter(() => true);
  assert.deepEqual(keys(store, RINGING), ["1", "2", "3", "4"]);
  assert.equal(store.hiddenRingingCount(), 0);
});

test("a row that begins to pass appears in its place; one that no longer passes leaves unless it is held", () => {
  const store = new Store();
  store.filter((row) => row.call.state === "ringing");
  store.apply(snapshot(call("1", { state: "ringing" }), call("2"), call("3", { state: "ringing" })), 0);
  store.apply(changes([call("2", { version: 2, state: "ringing" })]), 10);
  assert.deepEqual(keys(store, RINGING), ["1", "2", "3"]);
  store.apply(changes([call("2", { version: 3 })]), 20);
  store.tidy(30, () => true);
  assert.deepEqual(keys(store, RINGING), ["1", "2", "3"]);
  assert.equal(store.hiddenRingingCount(), 0);
  store.tidy(40);
  assert.deepEqual(keys(store, RINGING), ["1", "3"]);
  assert.equal(store.hiddenRingingCount(), 1);
  store.apply(changes([call("2", { version: 4, state: "ringing" })]), 50);
  assert.equal(store.hiddenRingingCount(), 0);
});

test("a row that the filter hides counts as hidden only while it rings", () => {
  const store = new Store();
  store.filter((row) => row.call.targets === undefined);
  store.apply(snapshot(call("1", { state: "established" })), 0);
  store.apply(changes([call("1", { version: 2, state: "established", targets: [] })]), 10);
  store.tidy(20);
  assert.deepEqual([keys(store, PROGRESS), store.hiddenRingingCount()], [[], 0]);
});

test("a board forgotten is empty, and can be filled again", () => {
  const store = new Store();
  store.apply(snapshot(call("1")), 0);
  store.clear();
  assert.equal(store.known, false);
  assert.equal(store.ringingCount(), 0);
  assert.deepEqual(store.choices.of("state"), []);
  assert.deepEqual(keys(store, RINGING), []);
  store.apply(snapshot(call("1")), 10);
  assert.deepEqual(keys(store, RINGING), ["1"]);
});

/** Each recording is numbered once among the rows that are shown of its conversation. */
function assertRecordingsAgree(store, rows) {
  const counted = Map.groupBy(rows.filter((row) => row.recordedChain), (row) => row.recordedChain);
  assert.ok(counted.size > 0);
  for (const [chain, group] of counted) {
    const numbers = group.map((row) => store.recordingOf(row).number).toSorted((one, other) => one - other);
    assert.deepEqual(numbers, group.map((row, index) => index + 1), chain);
    assert.ok(group.every((row) => store.recordingOf(row).of === group.length), chain);
  }
  assert.ok(rows.every((row) => row.recordedChain || store.recordingOf(row) === null));
}

const targetsOf = (records) => new Set(records.flatMap(({ call: { targets } }) => targets.map(({ id }) => id)));

test("after any frames every index agrees with the calls themselves", () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  const store = new Store();
  const versions = new Map();
  let now = 0;
  store.apply(snapshot(), now);
  for (let step = 0; step < 4000; step += 1) {
    now += 100;
    const key = String(random(60) + 1000 * Math.floor(step / 500));
    const version = (versions.get(key) ?? 0) + 1;
    versions.set(key, version);
    const about = { chain_id: `c${key % 7}`, source: person(`p${key % 3}`), policy_recording: key % 5 === 0, targets: [{ id: `t${key % 11}` }] };
    const state = ["incoming", "ringing", "established", "terminated"][random(4)];
    const isOver = state === "terminated";
    store.apply(changes([call(key, { ...about, version, state, ended_at: isOver ? "2026-01-01T12:00:09Z" : null })], isOver ? [key] : []), now);
    if (step % 3 === 0) store.tidy(now, () => random(4) === 0);
    if (step % 50 === 0) store.filter(random(2) ? () => true : (row) => row.call.source.id !== "p1");
  }
  const rows = [RINGING, PROGRESS, ENDED].flatMap((place) => store.list(place).all);
  const records = rows.flatMap((row) => row.records);
  assert.equal(new Set(rows).size, rows.length);
  assert.ok(records.every((record) => store.get(record.call.key) === record));
  assert.deepEqual(new Set(store.ringing()), new Set(records.filter(({ belongs }) => belongs === RINGING)));
  assert.equal(store.ringingCount(), rows.filter(({ belongs }) => belongs === RINGING).length);
  assert.deepEqual(new Set(store.ringingRows()), new Set(rows.filter(({ belongs }) => belongs === RINGING)));
  assert.equal(store.hiddenRingingCount(), rows.filter(({ belongs, passes }) => belongs === RINGING && !passes).length);
  assertRecordingsAgree(store, rows);
  assert.deepEqual(new Set(store.choices.of("target").map(([value]) => value)), targetsOf(records));
  for (const place of [RINGING, PROGRESS, ENDED]) {
    const { all, shown } = store.list(place);
    assert.deepEqual(shown, all.filter(({ passes }) => passes));
    assert.deepEqual(all, all.toSorted((one, other) => one.sequence - other.sequence));
  }
  store.apply(snapshot(), now);
  store.tidy(now + REST);
  store.tidy(now + REST + SHOWN_AFTER_END);
  for (const place of [RINGING, PROGRESS, ENDED]) assert.equal(store.list(place).all.length, 0);
  assert.deepEqual(store.choices.of("target"), []);
});
