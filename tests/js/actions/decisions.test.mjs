import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { page as browserPage, Socket } from "../browser.mjs";
import { Decisions } from "../../../static/board/actions/decisions.js";
import { Live } from "../../../static/board/data/live.js";

const PAGE = {
  mayReject: true,
  csrfCookie: "csrftoken",
  bulkUrl: "/api/calls/reject/",
  callUrl: (key) => `/calls/${key}/`,
};
const call = (key, more = {}) => ({
  key,
  version: 1,
  state: "incoming",
  direction: "incoming",
  received_at: "2026-01-01T12:00:00Z",
  ...more,
});
const ended = (key, more = {}) => call(key, { version: 2, state: "terminated", ended_at: "2026-01-01T12:00:09Z", ...more });
const ada = { chain_id: "c", source: { kind: "user", id: "ada" } };

let requests;
let answerTo;

beforeEach(() => {
  Socket.made = [];
  requests = [];
  answerTo = () => ({ status: 202 });
  browserPage.visibilityState = "visible";
  globalThis.fetch = async (url, { body, headers }) => {
    const request = { url, body: JSON.parse(body), token: headers["X-CSRFToken"] };
    requests.push(request);
    const answer = answerTo(request);
    if (!answer) throw new TypeError("Failed to fetch");
    return new Response(JSON.stringify(answer.body ?? {}), { status: answer.status });
  };
});

/** A page on which these calls ring, and what it was told of decisions. */
function board(calls, page = {}) {
  const live = new Live("ws://board/");
  const decisions = new Decisions(live, { ...PAGE, ...page });
  const told = [];
  for (const name of ["begun", "settled"]) {
    decisions.addEventListener(name, ({ detail: { action, keys, key } }) => told.push([name, action, keys, key]));
  }
  live.feed.start();
  const socket = Socket.made.at(-1);
  const deliver = (frame) => socket.deliver(frame);
  deliver({ type: "snapshot", revision: 7, calls });
  const rowOf = (key) => live.store.get(key).row;
  const change = (changed, gone = []) => deliver({ type: "changes", revision: 8, calls: changed, gone });
  return { live, decisions, told, rowOf, change, rows: (...keys) => keys.map(rowOf) };
}

const statusOf = (decisions, key) => decisions.attempts.get(key)?.status;

// One call ------------------------------------------------------------------------------------------------------------

test("a rejection is posted for the row's call with its reason, the token and what was seen", async () => {
  const { decisions, rowOf } = board([call("1")]);
  await decisions.reject(rowOf("1"), "busy");
  const [{ url, body, token }] = requests;
  assert.deepEqual([requests.length, url, token, body.reason], [1, "/calls/1/reject/", "token", "busy"]);
  assert.deepEqual([body.seen.version, body.seen.revision, body.seen.visible], [1, 7, true]);
  assert.equal(statusOf(decisions, "1"), 202);
});

test("a rejection is under way at once, and is told when it begins and when it is answered", async () => {
  const { decisions, told, rowOf } = board([call("1")]);
  const answered = decisions.reject(rowOf("1"), "busy");
  assert.equal(decisions.attempts.get("1").sending, true);
  assert.equal(decisions.attempts.get("1").reason, "busy");
  assert.deepEqual(told, [["begun", "reject", ["1"], "1"]]);
  const { revision } = rowOf("1");
  await answered;
  assert.deepEqual(told.at(-1), ["settled", "reject", ["1"], "1"]);
  assert.equal(decisions.attempts.get("1").sending, false);
  assert.ok(rowOf("1").revision > revision);
});

test("a row is drawn again when its rejection begins, and the page is told that something changed", async () => {
  const { live, decisions, rowOf } = board([call("1")]);
  const { revision } = rowOf("1");
  let changes = 0;
  live.addEventListener("change", () => (changes += 1));
  const answered = decisions.reject(rowOf("1"), "busy");
  assert.ok(rowOf("1").revision > revision);
  assert.equal(changes, 1);
  await answered;
});

test("a call is rejected only by whoever may, while it rings, and once", async () => {
  const viewer = board([call("1")], { mayReject: false });
  await viewer.decisions.reject(viewer.rowOf("1"), "busy");
  const { decisions, rowOf } = board([call("2"), call("3", { state: "established" }), call("4", { decision: { outcome: "accepted" } })]);
  for (const key of ["3", "4"]) {
    assert.equal(decisions.canReject(rowOf(key)), false, key);
    await decisions.reject(rowOf(key), "busy");
  }
  assert.deepEqual(requests, []);
  await Promise.all([decisions.reject(rowOf("2"), "busy"), decisions.reject(rowOf("2"), "none")]);
  assert.deepEqual(requests.map(({ url }) => url), ["/calls/2/reject/"]);
});

test("of a person's calls the newest that rings is rejected", async () => {
  const { decisions, rowOf, change } = board([call("1", ada), call("2", ada), call("3", ada)]);
  change([ended("3", ada)], ["3"]);
  await decisions.reject(rowOf("1"), "busy");
  assert.deepEqual(requests.map(({ url }) => url), ["/calls/2/reject/"]);
});

test("no answer leaves the call open, and it can be tried again", async () => {
  answerTo = () => null;
  const { decisions, rowOf } = board([call("1")]);
  await decisions.reject(rowOf("1"), "busy");
  assert.equal(statusOf(decisions, "1"), 0);
  assert.equal(decisions.canReject(rowOf("1")), true);
});

test("an answer about another call of the same person closes that call too, and leaves strangers open", async () => {
  answerTo = () => ({ status: 202, body: { call_key: "2", by: "anna" } });
  const { decisions, rowOf } = board([call("1"), call("2"), call("3")]);
  const { revision } = rowOf("2");
  await decisions.reject(rowOf("1"), "busy");
  const { reason, status, body, sending } = decisions.attempts.get("2");
  assert.deepEqual([reason, status, body.by, sending], ["busy", 202, "anna", false]);
  assert.ok(rowOf("2").revision > revision);
  assert.deepEqual(["1", "2", "3"].map((key) => decisions.canReject(rowOf(key))), [false, false, true]);
});

test("an answer about a call this page does not know is kept for when it comes", async () => {
  answerTo = () => ({ status: 202, body: { call_key: "9" } });
  const { decisions, rowOf, change } = board([call("1")]);
  await decisions.reject(rowOf("1"), "busy");
  change([call("9")]);
  assert.equal(decisions.canReject(rowOf("9")), false);
});

test("an answer that names the call itself, or none, is about that call only", async () => {
  for (const body of [{ call_key: "1" }, {}]) {
    answerTo = () => ({ status: 202, body });
    const { decisions, rowOf } = board([call("1"), call("2")]);
    await decisions.reject(rowOf("1"), "busy");
    assert.deepEqual([statusOf(decisions, "1"), decisions.attempts.get("1").reason, decisions.attempts.get("2")], [202, "busy", null]);
  }
});

// Several calls -------------------------------------------------------------------------------------------------------

const resultsFor = (status) => ({ body: { keys } }) => ({ status: 200, body: { results: keys.map((key) => ({ key, status })) } });

test("several rows are one request, with what was seen of each, and one answer for all", async () => {
  answerTo = resultsFor(202);
  const { decisions, rows, told } = board([call("1"), call("2", { version: 5 })]);
  const result = await decisions.rejectAll(rows("1", "2"), "forbidden");
  const [{ url, body, token }] = requests;
  assert.deepEqual([requests.length, url, token, body.keys, body.reason], [1, "/api/calls/reject/", "token", ["1", "2"], "forbidden"]);
  assert.deepEqual([body.seen["1"].version, body.seen["2"].version, body.seen["2"].revision], [1, 5, 7]);
  assert.deepEqual(result, { asked: 2, rejected: 2, refused: [] });
  assert.deepEqual(told, [["begun", "reject", ["1", "2"], "1"], ["settled", "rejectAll", ["1", "2"], "1"]]);
});

test("each of several calls is settled with its own answer, in whatever order the answers stand", async () => {
  const results = [{ key: "3", status: 409, by: "boris" }, { key: "1", status: 202, by: "anna" }, { key: "2", status: 502, message: "No." }];
  answerTo = () => ({ status: 200, body: { results } });
  const { decisions, rows } = board([call("1"), call("2"), call("3")]);
  const { asked, rejected, refused } = await decisions.rejectAll(rows("1", "2", "3"), "busy");
  assert.deepEqual(["1", "2", "3"].map((key) => statusOf(decisions, key)), [202, 502, 409]);
  assert.equal(decisions.attempts.get("2").body.message, "No.");
  assert.equal(decisions.attempts.get("3").body.by, "boris");
  assert.deepEqual([asked, rejected, refused.map(({ call: { key } }) => key)], [3, 1, ["2", "3"]]);
  assert.equal(refused[0].row, rows("2")[0]);
});

test("a call whose answer is missing counts as not answered and can be tried again", async () => {
  answerTo = () => ({ status: 200, body: { results: [{ key: "1", status: 202 }] } });
  const { decisions, rows, rowOf } = board([call("1"), call("2")]);
  const { rejected, refused } = await decisions.rejectAll(rows("1", "2"), "busy");
  assert.deepEqual([rejected, refused.map(({ call: { key } }) => key)], [1, ["2"]]);
  assert.equal(statusOf(decisions, "2"), 0);
  assert.equal(decisions.attempts.get("2").sending, false);
  assert.equal(decisions.canReject(rowOf("2")), true);
});

test("a request that fails as a whole settles every call with that answer", async () => {
  for (const [answer, status] of [[{ status: 503, body: { message: "Not recorded." } }, 503], [{ status: 403, body: {} }, 403], [null, 0]]) {
    answerTo = () => answer;
    const { decisions, rows } = board([call("1"), call("2")]);
    const { rejected, refused } = await decisions.rejectAll(rows("1", "2"), "busy");
    assert.deepEqual(["1", "2"].map((key) => statusOf(decisions, key)), [status, status]);
    assert.equal(decisions.attempts.get("2").body.message, answer?.body.message);
    assert.deepEqual([rejected, refused.length], [0, 2]);
  }
});

test("an answer to one of several may be about another call of that person", async () => {
  answerTo = () => ({ status: 200, body: { results: [{ key: "1", status: 202, call_key: "3" }, { key: "2", status: 202, call_key: "2" }] } });
  const { decisions, rows, rowOf } = board([call("1"), call("2"), call("3"), call("4")]);
  await decisions.rejectAll(rows("1", "2"), "busy");
  assert.deepEqual(["3", "4"].map((key) => decisions.canReject(rowOf(key))), [false, true]);
});

test("rows that cannot be rejected any more are asked for and not sent", async () => {
  answerTo = resultsFor(202);
  const { decisions, rows, change } = board([call("1"), call("2")]);
  const chosen = rows("1", "2");
  change([ended("2")], ["2"]);
  assert.deepEqual(await decisions.rejectAll(chosen, "busy"), { asked: 2, rejected: 1, refused: [] });
  assert.deepEqual(requests[0].body.keys, ["1"]);
});

test("more than fifty go in several requests, one after the other", async () => {
  answerTo = resultsFor(202);
  const keys = Array.from({ length: 101 }, (_, index) => `k${index}`);
  const { decisions, rows } = board(keys.map((key) => call(key)));
  const { rejected } = await decisions.rejectAll(rows(...keys), "busy");
  assert.deepEqual(requests.map(({ body }) => body.keys.length), [50, 50, 1]);
  assert.deepEqual(requests.flatMap(({ body }) => body.keys), keys);
  assert.ok(requests.every(({ body }) => Object.keys(body.seen).length === body.keys.length));
  assert.equal(rejected, 101);
});

test("no request is sent for nothing: fifty are one, and none are none", async () => {
  answerTo = resultsFor(202);
  const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
  const { decisions, rows } = board(keys.map((key) => call(key)));
  await decisions.rejectAll(rows(...keys), "busy");
  assert.equal(requests.length, 1);
  assert.deepEqual(await decisions.rejectAll(rows("k1"), "busy"), { asked: 1, rejected: 0, refused: [] });
  assert.equal(requests.length, 1);
});

test("all of several are under way from the first moment, also those of a later request", async () => {
  const keys = Array.from({ length: 60 }, (_, index) => `k${index}`);
  const { decisions, rows } = board(keys.map((key) => call(key)));
  const answered = decisions.rejectAll(rows(...keys), "busy");
  assert.ok(keys.every((key) => decisions.attempts.get(key).sending));
  await answered;
});

// Letting pass, and notes ---------------------------------------------------------------------------------------------

test("every ringing call of a row is let pass, but for those that were already", async () => {
  answerTo = () => ({ status: 200 });
  const passed = { ...ada, let_pass: { by: "boris", at: "x" } };
  const { decisions, rowOf, change, told } = board([call("1", ada), call("2", passed), call("3", ada), call("4", ada)]);
  change([ended("3", ada)], ["3"]);
  await decisions.letPass(rowOf("1"));
  await decisions.letPass(rowOf("1"));
  assert.deepEqual(requests.map(({ url }) => url), ["/calls/1/pass/", "/calls/4/pass/"]);
  assert.equal(requests[0].body.seen.version, 1);
  assert.deepEqual(told.at(-1), ["settled", "pass", ["4"], "4"]);
});

test("a call is passing from the click on, until the server says that nothing was done", async () => {
  answerTo = () => ({ status: 503 });
  const { decisions, rowOf } = board([call("1")]);
  assert.equal(decisions.isPassing(call("1")), false);
  const answered = decisions.letPass(rowOf("1"));
  assert.equal(decisions.isPassing(call("1")), true);
  await answered;
  assert.equal(decisions.isPassing(call("1")), false);
  assert.equal(decisions.canReject(rowOf("1")), true);
});

test("whoever may not reject lets nothing pass", async () => {
  const { decisions, rowOf } = board([call("1")], { mayReject: false });
  await decisions.letPass(rowOf("1"));
  assert.deepEqual(requests, []);
});

test("a note is posted for its call, and only 200 says that it was recorded", async () => {
  for (const [status, isRecorded] of [[200, true], [202, false], [503, false]]) {
    requests = [];
    answerTo = () => ({ status });
    const { decisions, told } = board([call("1")]);
    assert.equal(await decisions.note(call("1"), "A wrong number."), isRecorded);
    assert.deepEqual([requests[0].url, requests[0].body.note], ["/calls/1/note/", "A wrong number."]);
    assert.equal(requests[0].body.seen.revision, 7);
    assert.deepEqual(told.map(([name, action]) => `${name} ${action}`), ["begun note", "settled note"]);
    assert.equal(decisions.notes.get("1").status, status);
    assert.equal(decisions.attempts.get("1"), null);
  }
});

// What is kept --------------------------------------------------------------------------------------------------------

test("what was in front of the person is told with a decision, and only what was", async () => {
  const { decisions, rowOf } = board([call("1"), call("2")]);
  decisions.nowShown([rowOf("1")]);
  browserPage.visibilityState = "hidden";
  decisions.nowShown([rowOf("2")]);
  for (const key of ["1", "2"]) await decisions.reject(rowOf(key), "busy");
  assert.match(requests[0].body.seen.shown_at, /^\d{4}-/);
  assert.match(requests[0].body.seen.came_at, /^\d{4}-/);
  assert.equal(requests[1].body.seen.shown_at, null);
  assert.equal(requests[1].body.seen.visible, false);
});

test("everything about a call is forgotten when the page shows it no more", async () => {
  answerTo = () => ({ status: 200 });
  const { live, decisions, rowOf } = board([call("1"), call("2")]);
  await decisions.letPass(rowOf("1"));
  await decisions.note(call("1"), "Why");
  await decisions.reject(rowOf("1"), "busy");
  await decisions.reject(rowOf("2"), "busy");
  live.dispatchEvent(new CustomEvent("forgotten", { detail: ["1"] }));
  assert.deepEqual([decisions.attempts.get("1"), decisions.passes.get("1"), decisions.notes.get("1")], [null, null, null]);
  assert.notEqual(decisions.attempts.get("2"), null);
  await decisions.note(call("1"), "Why");
  assert.equal(requests.at(-1).body.seen.came_at, null);
});
