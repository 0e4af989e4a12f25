import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { page, Socket } from "../browser.mjs";
import { announce, Announcer, arrivalInWords, deadlineInWords } from "../../../static/board/alerts/announcer.js";
import { Decisions } from "../../../static/board/actions/decisions.js";
import { Live } from "../../../static/board/data/live.js";

const NOON = Date.parse("2026-01-01T12:00:00Z");
const PAGE = { mayReject: true, csrfCookie: "csrftoken", bulkUrl: "/api/calls/reject/", callUrl: (key) => `/calls/${key}/` };
const PEOPLE = { me: "anna", time: () => "12:00:03" };
const call = (key, more = {}) => ({
  key,
  version: 1,
  state: "incoming",
  direction: "incoming",
  source: { id: key, name: `Caller ${key}` },
  received_at: "2026-01-01T12:00:00Z",
  deadline: "2026-01-01T12:00:15Z",
  ...more,
});

let clock;
let status;

beforeEach(() => {
  mock.reset();
  clock = 0;
  status = 202;
  mock.method(performance, "now", () => clock);
  mock.method(Date, "now", () => NOON + clock);
  globalThis.fetch = async () => new Response("{}", { status });
});

function board(...calls) {
  const live = new Live("ws://board/");
  const decisions = new Decisions(live, PAGE);
  const actions = new EventTarget();
  const said = [];
  announce({ say: (text) => said.push(text) }, { live, decisions, actions, people: PEOPLE });
  live.feed.start();
  const socket = Socket.made.at(-1);
  const ring = (...more) => socket.deliver({ type: "changes", revision: 2, calls: more, gone: [] });
  const tickAt = (milliseconds) => {
    clock = milliseconds;
    live.dispatchEvent(new CustomEvent("tick"));
  };
  socket.deliver({ type: "snapshot", revision: 1, calls });
  return { live, decisions, actions, said, ring, tickAt, rowOf: (key) => live.store.get(key).row };
}

const TIME_RUNS_OUT = "A few seconds left to decide on the call of Caller 1";

test("one call is told by caller and target, several by their number", () => {
  assert.equal(arrivalInWords([call("1", { targets: [{ name: "Desk" }] })]), "Caller 1 is calling Desk");
  assert.equal(arrivalInWords([call("1")]), "Caller 1 is calling");
  assert.equal(arrivalInWords([call("1"), call("2")]), "2 calls are ringing");
  assert.equal(deadlineInWords([call("1")]), TIME_RUNS_OUT);
  assert.equal(deadlineInWords([call("1"), call("2")]), "2 calls have a few seconds left to decide");
});

test("a sentence replaces the one before, so that it is read as new", () => {
  page.createElement = () => ({});
  let lines;
  const announcer = new Announcer({ replaceChildren: (...children) => (lines = children.map(({ textContent }) => textContent)) });
  announcer.say("Caller 1 is calling");
  announcer.say("The live feed is lost.");
  assert.deepEqual(lines, ["The live feed is lost."]);
});

test("what arrives within a moment of the last sentence is told together, when the moment is over", () => {
  const { said, ring, tickAt } = board(call("1"));
  assert.deepEqual(said, ["Caller 1 is calling"]);
  ring(call("2"));
  ring(call("3"));
  tickAt(1499);
  assert.equal(said.length, 1);
  tickAt(1500);
  assert.deepEqual(said.slice(1), ["2 calls are ringing"]);
  tickAt(5000);
  assert.equal(said.length, 2);
});

test("a call whose time runs out is told once, five seconds before its last safe moment", () => {
  const { said, tickAt } = board(call("1"));
  tickAt(8999);
  assert.equal(said.length, 1);
  tickAt(9000);
  tickAt(9250);
  assert.deepEqual(said.slice(1), [TIME_RUNS_OUT]);
});

test("time that runs out is not told of calls that are decided, let pass, over, or that a newer call of the person replaced", () => {
  const ada = { chain_id: "c", source: { kind: "user", id: "ada", name: "Ada" } };
  const decided = call("1", { version: 2, decision: { outcome: "accepted" } });
  for (const after of [decided, call("1", { version: 2, let_pass: { by: "boris" } }), call("1", { version: 2, state: "established" })]) {
    clock = 0;
    const { said, ring, tickAt } = board(call("1"));
    ring(after);
    tickAt(9000);
    assert.equal(said.length, 1, JSON.stringify(after));
  }
  clock = 0;
  const { said, ring, tickAt } = board(call("1", ada));
  ring(call("2", { ...ada, deadline: "2026-01-01T12:00:30Z" }));
  tickAt(9000);
  assert.ok(said.every((text) => !text.startsWith("A few seconds")));
});

test("time that runs out is not told of a call that this page is rejecting", async () => {
  const { said, decisions, rowOf, tickAt } = board(call("1"));
  const answered = decisions.reject(rowOf("1"), "busy");
  tickAt(9000);
  await answered;
  assert.ok(!said.includes(TIME_RUNS_OUT));
});

test("the feed is told when it is lost and when it is back, not when it opens or is late", () => {
  const { said, live } = board();
  const feed = (was, is) => live.dispatchEvent(new CustomEvent("feed", { detail: { was, is } }));
  assert.deepEqual(said, []);
  feed("live", "late");
  feed("late", "live");
  feed("lost", "lost");
  assert.deepEqual(said, []);
  feed("late", "lost");
  feed("lost", "live");
  feed("live", "signed-out");
  assert.deepEqual(said, ["The live feed is lost.", "The live feed is back.", "The live feed is lost."]);
});

test("what came of an action is told: a rejection, a call let pass, a note", async () => {
  const { said, decisions, rowOf } = board(call("1"), call("2"));
  said.length = 0;
  await decisions.reject(rowOf("1"), "busy");
  assert.match(said.at(-1), /^Call of Caller 1: Rejected by you at 12:00:03 \(busy\)/);
  status = 503;
  await decisions.letPass(rowOf("2"));
  assert.match(said.at(-1), /^Call of Caller 2: The decision could not be recorded/);
  await decisions.note(rowOf("1").call, "Why");
  assert.equal(said.at(-1), "The note was not recorded.");
  status = 200;
  await decisions.note(rowOf("1").call, "Why");
  assert.equal(said.at(-1), "The note is saved.");
  assert.equal(said.length, 4);
});

test("what came of several is told once, by whoever asked for it", async () => {
  const { said, decisions, actions, rowOf } = board(call("1"), call("2"));
  said.length = 0;
  await decisions.rejectAll([rowOf("1"), rowOf("2")], "busy");
  assert.deepEqual(said, []);
  actions.dispatchEvent(new CustomEvent("bulk", { detail: { asked: 2, rejected: 1 } }));
  assert.deepEqual(said, ["1 of 2 rejected."]);
});
