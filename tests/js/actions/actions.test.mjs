import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Socket, view } from "../browser.mjs";
import { Decisions } from "../../../static/board/actions/decisions.js";
import { Actions } from "../../../static/board/actions/actions.js";
import { Live } from "../../../static/board/data/live.js";

const PAGE = { mayReject: true, me: "anna", csrfCookie: "csrftoken", bulkUrl: "/api/calls/reject/", callUrl: (key) => `/calls/${key}/` };
const call = (key, more = {}) => ({ key, version: 1, state: "incoming", direction: "incoming", received_at: `2026-01-01T12:00:0${key}Z`, ...more });
const ended = (key, more = {}) => call(key, { version: 2, state: "terminated", ended_at: "2026-01-01T12:00:09Z", ...more });

let now;
let requests;
let status;

beforeEach(() => {
  mock.reset();
  now = 5000;
  mock.method(performance, "now", () => now);
  requests = [];
  status = 200;
  Object.assign(view.location, { search: "" });
  view.history.replaced = [];
  globalThis.fetch = async (url, { body }) => {
    requests.push({ url, ...JSON.parse(body) });
    const results = JSON.parse(body).keys?.map((key) => ({ key, status: 202 }));
    return new Response(JSON.stringify({ results }), { status });
  };
});

function board(calls, page = {}) {
  const live = new Live("ws://board/");
  const decisions = new Decisions(live, { ...PAGE, ...page });
  const actions = new Actions(live, decisions, { ...PAGE, ...page });
  live.feed.start();
  const socket = Socket.made.at(-1);
  socket.deliver({ type: "snapshot", revision: 1, calls });
  const told = [];
  for (const name of ["change", "bulk", "writing", "leave-finder"]) actions.addEventListener(name, ({ detail }) => told.push([name, detail]));
  const rowOf = (key) => live.store.get(key).row;
  const change = (changed, gone = []) => socket.deliver({ type: "changes", revision: 2, calls: changed, gone });
  return { live, decisions, actions, told, rowOf, change, handlers: actions.view.actions };
}

const selected = (actions) => actions.selection.rows.map(({ call: { key } }) => key);
const count = (told, name) => told.filter(([each]) => each === name).length;

// Which row keys go to ------------------------------------------------------------------------------------------------

test("keys go to the focused row while it can be decided, and else to none", () => {
  const { actions, rowOf } = board([call("1"), call("2"), call("3", { state: "established" }), call("4", { decision: { outcome: "accepted" } })]);
  assert.equal(actions.keysGoTo(rowOf("2")), rowOf("2"));
  for (const key of ["3", "4"]) assert.equal(actions.keysGoTo(rowOf(key)), null, key);
});

test("keys do not go to a focused row that rings again but is still drawn among the ended ones", () => {
  const { actions, rowOf } = board([call("1")]);
  rowOf("1").place = "ended";
  assert.equal(actions.keysGoTo(rowOf("1")), null);
});

test("without a focus keys go to the only call there is, once it has been there long enough to be noticed", () => {
  const { actions, rowOf } = board([call("1")]);
  now = 5699;
  assert.equal(actions.keysGoTo(null), null);
  now = 5700;
  assert.equal(actions.keysGoTo(null), rowOf("1"));
});

test("without a focus keys go nowhere when several ring, none does, the filter hides it, or it is decided", () => {
  const several = board([call("1"), call("2")]);
  const none = board([]);
  const hidden = board([call("1")]);
  hidden.actions.filterBy({ text: "nobody" });
  const decided = board([call("1", { decision: { outcome: "accepted" } })]);
  now = 10_000;
  for (const { actions } of [several, none, hidden, decided]) assert.equal(actions.keysGoTo(null) || null, null);
});

// Selecting -----------------------------------------------------------------------------------------------------------

test("a row is selected and unselected, and the page is told each time", () => {
  const { actions, told, rowOf } = board([call("1"), call("2")]);
  actions.select(rowOf("1"));
  assert.deepEqual(selected(actions), ["1"]);
  actions.select(rowOf("1"));
  assert.deepEqual(selected(actions), []);
  assert.equal(count(told, "change"), 2);
});

test("a range takes in what lies between", () => {
  const { actions, rowOf } = board([call("1"), call("2"), call("3"), call("4")]);
  actions.select(rowOf("1"));
  actions.select(rowOf("3"), true, true);
  assert.deepEqual(selected(actions), ["1", "2", "3"]);
});

test("nothing that cannot be rejected is selected, alone or in a range", () => {
  const { actions, rowOf } = board([call("1"), call("2", { decision: { outcome: "accepted" } }), call("3"), call("4")]);
  actions.select(rowOf("1"));
  actions.select(rowOf("3"), true, true);
  actions.select(rowOf("2"));
  assert.deepEqual(selected(actions), ["1", "3"]);
});

test("everything selects the rows that ring, pass the filter and can be rejected", () => {
  const { actions, handlers } = board([call("1"), call("2", { state: "ringing" }), call("3", { state: "established" }), call("4", { decision: { outcome: "accepted" } })]);
  actions.filterBy({ state: "incoming" });
  handlers.selectAll();
  assert.deepEqual(selected(actions), ["1"]);
});

test("unselecting says whether anything was selected", () => {
  const { actions, rowOf } = board([call("1")]);
  assert.equal(actions.unselectAll(), false);
  actions.select(rowOf("1"));
  assert.equal(actions.unselectAll(), true);
  assert.deepEqual(selected(actions), []);
});

test("a selected row drops out with the next tick after it can no longer be rejected", () => {
  const { live, actions, rowOf, change } = board([call("1"), call("2")]);
  for (const key of ["1", "2"]) actions.select(rowOf(key));
  change([ended("1")], ["1"]);
  live.dispatchEvent(new CustomEvent("tick"));
  assert.deepEqual(selected(actions), ["2"]);
});

test("rejecting what is selected unselects it, says that it is under way, and then what came of it", async () => {
  const { actions, told, rowOf } = board([call("1"), call("2")]);
  for (const key of ["1", "2"]) actions.select(rowOf(key));
  const answered = actions.rejectSelected("busy");
  assert.deepEqual([selected(actions), actions.bulkResult], [[], { asked: 2, isSending: true }]);
  await answered;
  assert.deepEqual(requests.map(({ keys, reason }) => [keys, reason]), [[["1", "2"], "busy"]]);
  assert.deepEqual(actions.bulkResult, { asked: 2, rejected: 2, refused: [], isSending: false });
  assert.deepEqual(told.at(-1), ["bulk", actions.bulkResult]);
});

test("what came of several stands until it is dismissed or something is selected", async () => {
  for (const away of [({ handlers }) => handlers.dismissBulk(), ({ handlers }) => handlers.selectAll(), ({ actions, rowOf }) => actions.select(rowOf("2"))]) {
    const made = board([call("1"), call("2")]);
    made.actions.select(made.rowOf("1"));
    await made.actions.rejectSelected("busy");
    assert.notEqual(made.actions.bulkResult, null);
    away(made);
    assert.equal(made.actions.bulkResult, null);
  }
});

test("rows that are drawn count as shown when they are rejected", async () => {
  const { decisions, actions, rowOf } = board([call("1"), call("2")]);
  actions.nowShown([rowOf("1")]);
  for (const key of ["1", "2"]) await decisions.reject(rowOf(key), "busy");
  assert.deepEqual(requests.map(({ seen }) => seen.shown_at !== null), [true, false]);
});

// Rows and notes ------------------------------------------------------------------------------------------------------

test("a row opens and closes, is measured and drawn anew", () => {
  const { actions, rowOf } = board([call("1")]);
  const row = rowOf("1");
  Object.assign(row, { height: 90 });
  const { revision } = row;
  actions.expand(row);
  assert.deepEqual([row.isOpened, row.height, row.revision > revision], [true, null, true]);
  actions.expand(row);
  assert.equal(row.isOpened, false);
});

test("a note is written only where one is taken, and what was written stays when the field opens again", () => {
  const { actions, told, rowOf } = board([call("1"), ended("2")]);
  actions.writeNote("1");
  actions.writeNote("9");
  assert.deepEqual([actions.notes.draftOn("1"), count(told, "writing")], [null, 0]);
  const { revision } = rowOf("2");
  actions.writeNote("2", "Before");
  assert.equal(actions.notes.draftOn("2"), "Before");
  assert.ok(rowOf("2").revision > revision);
  actions.notes.write("2", "Half a sen");
  actions.writeNote("2", "Before");
  assert.equal(actions.notes.draftOn("2"), "Half a sen");
  assert.deepEqual(told.filter(([name]) => name === "writing"), [["writing", "2"], ["writing", "2"]]);
});

test("a note closes once it is recorded, and stays open with its text when it was not", async () => {
  const { live, actions, handlers } = board([ended("1")]);
  status = 503;
  actions.writeNote("1", "  A wrong number. ");
  await handlers.saveNote(live.store.get("1").call);
  assert.deepEqual([requests[0].note, actions.notes.draftOn("1")], ["A wrong number.", "  A wrong number. "]);
  status = 200;
  await handlers.saveNote(live.store.get("1").call);
  assert.equal(actions.notes.draftOn("1"), null);
});

test("an empty note is not sent, and closes; so does one that is cancelled", async () => {
  const { live, actions, handlers, rowOf } = board([ended("1")]);
  actions.writeNote("1", "  ");
  await handlers.saveNote(live.store.get("1").call);
  assert.equal(actions.notes.draftOn("1"), null);
  actions.writeNote("1", "Why");
  const { revision } = rowOf("1");
  handlers.closeNote("1");
  assert.equal(actions.notes.draftOn("1"), null);
  assert.ok(rowOf("1").revision > revision);
  assert.deepEqual(requests, []);
});

test("a draft is forgotten with its call", () => {
  const { live, actions } = board([ended("1"), ended("2")]);
  for (const key of ["1", "2"]) actions.writeNote(key, "Why");
  live.dispatchEvent(new CustomEvent("forgotten", { detail: ["1"] }));
  assert.deepEqual([actions.notes.draftOn("1"), actions.notes.draftOn("2")], [null, "Why"]);
});

// Filter --------------------------------------------------------------------------------------------------------------

test("the filter is taken from the page's address, applied, and written back", () => {
  view.location.search = "?wall=1&state=ringing";
  const { live, actions } = board([call("1"), call("2", { state: "ringing" })]);
  assert.deepEqual(live.store.list("ringing").shown.map((row) => row.call.key), ["2"]);
  actions.filterBy({ state: "incoming" });
  assert.deepEqual(live.store.list("ringing").shown.map((row) => row.call.key), ["1"]);
  assert.equal(view.history.replaced.at(-1), "/?wall=1&state=incoming");
  view.location.search = "";
  actions.view.actions.showEverything();
  assert.equal(live.store.list("ringing").shown.length, 2);
  assert.equal(view.history.replaced.at(-1), "/");
});

test("Escape empties the field first and leaves it then", () => {
  const { actions, told, handlers } = board([]);
  actions.filterBy({ text: "ada", state: "ringing" });
  let prevented = 0;
  const escape = { preventDefault: () => (prevented += 1) };
  handlers.leaveFinder(escape);
  assert.deepEqual([actions.filter.text, actions.filter.state, count(told, "leave-finder")], ["", "ringing", 0]);
  handlers.leaveFinder(escape);
  assert.deepEqual([count(told, "leave-finder"), prevented], [1, 2]);
});

test("where there is little room the filter opens and closes", () => {
  const { actions, handlers } = board([]);
  handlers.openFinder();
  assert.equal(actions.isFinderOpen, true);
  handlers.openFinder();
  assert.equal(actions.isFinderOpen, false);
});
