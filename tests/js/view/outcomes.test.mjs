import assert from "node:assert/strict";
import { test } from "node:test";

import { Attempts, isOpen } from "../../../static/board/data/attempts.js";
import { bulkInWords, ICONS, outcomeOf as outcome, rangUnseen, reasonInWords } from "../../../static/board/view/outcomes.js";
import { ENDED, RINGING } from "../../../static/board/data/sections.js";

const outcomeOf = (record, attempt, people, pass = null) => outcome(record, { attempt, pass }, people);
const people = { me: "anna", time: (moment) => (moment ? moment.slice(11, 19) : "?") };
const ringing = (decision = null) => ({ call: { key: "1", decision }, belongs: RINGING });
const decision = (outcome, more = {}) => ({ outcome, reason: "busy", by: "boris", at: "2026-01-01T12:00:03Z", ...more });
const answer = (status, body = {}) => ({ reason: "busy", sending: false, status, body });

test("a ringing call nobody touched has nothing to say and is open", () => {
  assert.equal(outcomeOf(ringing(), null, people), null);
  assert.equal(isOpen(ringing().call, null), true);
});

test("the click shows at once and closes the row to a second click", () => {
  const attempts = new Attempts();
  attempts.begin("1", "busy");
  assert.equal(outcomeOf(ringing(), attempts.get("1"), people).text, "Rejecting (busy)…");
  assert.equal(isOpen(ringing().call, attempts.get("1")), false);
});

test("a decision says who, when and why", () => {
  const { text } = outcomeOf(ringing(decision("confirmed")), null, people);
  assert.match(text, /boris/);
  assert.match(text, /12:00:03/);
  assert.match(text, /busy/);
});

test("one's own decision says you", () => {
  assert.match(outcomeOf(ringing(decision("accepted", { by: "anna" })), null, people).text, /by you/);
});

test("what the server pushed outweighs what this page hoped for", () => {
  const { text } = outcomeOf(ringing(decision("too_late")), { reason: "busy", sending: true }, people);
  assert.match(text, /Too late/);
});

test("a sentence around what Graph said ends once, whether Graph's own did or not", () => {
  for (const message of ["Tenant mismatch.", "Tenant mismatch"]) {
    const { text } = outcomeOf(ringing(decision("refused", { code: "7505", message })), null, people);
    assert.equal(text, "Graph refused the rejection by boris: 7505 – Tenant mismatch. It can be tried again.");
  }
});

test("accepted is not told as ended", () => {
  const { text } = outcomeOf(ringing(), answer(202, { by: "anna", at: "2026-01-01T12:00:03Z" }), people);
  assert.match(text, /accepted/);
  assert.doesNotMatch(text, /has ended/);
});

test("the second supervisor sees who was first and cannot decide again", () => {
  const second = answer(409, { outcome: "decided_by_another", by: "boris", at: "2026-01-01T12:00:03Z", reason: "forbidden" });
  assert.equal(outcomeOf(ringing(), second, people).text, "Already decided by boris at 12:00:03 (forbidden).");
  assert.equal(isOpen(ringing().call, second), false);
});

test("the server's sentence is shown as it is", () => {
  assert.equal(outcomeOf(ringing(), answer(410, { message: "Too late: the caller left first." }), people).text, "Too late: the caller left first.");
});

test("a failure in which nothing happened leaves the row open, an unknown outcome does not", () => {
  for (const status of [0, 401, 403, 422, 502, 503]) assert.equal(isOpen(ringing().call, answer(status)), true, status);
  for (const status of [202, 409, 410, 504]) assert.equal(isOpen(ringing().call, answer(status)), false, status);
});

test("a refusal by Graph is told with its code and can be tried again", () => {
  const refused = ringing(decision("refused", { code: "1044", message: "no" }));
  assert.match(outcomeOf(refused, null, people).text, /1044 – no/);
  assert.equal(isOpen(refused.call, null), true);
});

test("a word of tomorrow's server is shown, not hidden", () => {
  assert.match(outcomeOf(ringing(decision("put_aside")), null, people).text, /boris: put_aside/);
});

test("undecided ends are told apart", () => {
  const end = (more) => outcomeOf({ call: { key: "1", decision: null, ...more }, belongs: ENDED }, null, people).text;
  assert.equal(end({ missed_at: "x" }), "Nobody decided in time.");
  assert.equal(end({ ended_at: "x" }), "The call ended before anybody decided.");
  assert.equal(end({ ended_at: "x", established_at: "x" }), "The call was answered and has ended.");
});

test("a call that was let pass says by whom, and can still be rejected", () => {
  const passed = { call: { key: "1", decision: null, let_pass: { by: "boris", at: "2026-01-01T12:00:03Z" } }, belongs: RINGING };
  assert.equal(outcomeOf(passed, null, people).text, "Let pass by boris at 12:00:03. It can still be rejected.");
  assert.equal(isOpen(passed.call, null), true);
  const over = { call: { ...passed.call, missed_at: "x" }, belongs: ENDED };
  assert.equal(outcomeOf(over, null, people).text, "Let pass; nobody rejected it in time.");
});

test("letting pass shows at once, then what was answered", () => {
  assert.equal(outcomeOf(ringing(), null, people, { sending: true }).text, "Letting it pass…");
  assert.match(outcomeOf(ringing(), null, people, answer(200, { at: "2026-01-01T12:00:03Z" })).text, /Let pass by you at 12:00:03/);
  assert.match(outcomeOf(ringing(), null, people, answer(503, { message: "Not recorded." })).text, /Not recorded/);
});

test("that the call is over outweighs that rejecting it failed", () => {
  const over = { call: { key: "1", decision: null, missed_at: "x" }, belongs: ENDED };
  assert.equal(outcomeOf(over, answer(0), people).text, "Nobody decided in time.");
  assert.match(outcomeOf(over, answer(504), people).text, /unknown/);
});

test("every answer is told, each in its own words", () => {
  const told = [0, 401, 403, 404, 410, 413, 422, 500, 502, 503, 504].map((status) => outcomeOf(ringing(), answer(status), people).text);
  assert.equal(new Set(told).size, told.length);
});

test("who is signed out can sign in, and an old page can be loaded anew", () => {
  assert.equal(outcomeOf(ringing(), answer(401), people).way, "sign-in");
  assert.equal(outcomeOf(ringing(), answer(403, { outcome: "csrf" }), people).way, "reload");
  assert.equal(outcomeOf(ringing(), answer(403, { outcome: "not_allowed" }), people).way, undefined);
});

test("only a call that ended undecided and unwatched rang unseen", () => {
  const over = (more) => ({ call: { key: "1", decision: null, watched: false, deadline: "x", ...more }, belongs: ENDED });
  assert.equal(rangUnseen(over({})), true);
  assert.equal(rangUnseen(over({ watched: true })), false);
  assert.equal(rangUnseen(over({ watched: undefined })), false);
  assert.equal(rangUnseen(over({ decision: decision("confirmed") })), false);
  for (const more of [{ let_pass: { by: "boris" } }, { established_at: "x" }, { deadline: null }, { direction: "outgoing" }]) {
    assert.equal(rangUnseen(over(more)), false, JSON.stringify(more));
  }
  assert.equal(rangUnseen({ ...over({}), belongs: RINGING }), false);
});

test("a decision on several is told as so many of so many", () => {
  assert.equal(bulkInWords({ asked: 3, rejected: 2 }), "2 of 3 rejected.");
  assert.equal(bulkInWords({ asked: 3, isSending: true }), "Rejecting 3 calls…");
});

// Tones ---------------------------------------------------------------------------------------------------------------

const toneOf = (...about) => outcomeOf(...about).tone;
const overWith = (more, rest = {}) => ({ call: { key: "1", decision: null, ...more }, belongs: ENDED, ...rest });

test("each outcome of a decision has its tone: only what Graph accepted is good, and what is not proved is a doubt", () => {
  const expected = {
    requested: "wait",
    accepted: "good",
    confirmed: "good",
    too_late: "bad",
    caller_left: "doubt",
    ended_elsewhere: "doubt",
    ended_unproved: "doubt",
    unknown: "doubt",
    put_aside: "doubt",
    refused: "bad",
  };
  for (const [outcome, tone] of Object.entries(expected)) assert.equal(toneOf(ringing(decision(outcome)), null, people), tone, outcome);
});

test("each answer to this page has its tone: a time-out is a doubt, every other failure is bad", () => {
  const expected = { 0: "bad", 202: "good", 401: "bad", 403: "bad", 404: "bad", 409: "plain", 410: "bad", 422: "bad", 500: "bad", 502: "bad", 503: "bad", 504: "doubt" };
  for (const [status, tone] of Object.entries(expected)) {
    assert.equal(toneOf(ringing(), answer(Number(status)), people), tone, status);
  }
});

test("what is under way waits, and what was let pass is plain", () => {
  assert.equal(toneOf(ringing(), { reason: "busy", sending: true, status: null, body: {} }, people), "wait");
  assert.equal(toneOf(ringing(), null, people, { sending: true }), "wait");
  assert.equal(toneOf(ringing(), null, people, answer(200, { at: "2026-01-01T12:00:03Z" })), "plain");
  assert.equal(toneOf(ringing(), null, people, answer(503)), "bad");
  assert.equal(toneOf({ call: { key: "1", let_pass: { by: "boris", at: "x" } }, belongs: RINGING }, null, people), "plain");
});

test("a missed call is bad, every other end is plain, and an end nobody saw is a doubt", () => {
  assert.equal(toneOf(overWith({ missed_at: "x" }), null, people), "bad");
  assert.equal(toneOf(overWith({ missed_at: "x", ended_at: "x" }), null, people), "plain");
  assert.equal(toneOf(overWith({ ended_at: "x" }), null, people), "plain");
  assert.equal(toneOf(overWith({}, { vanished: true }), null, people), "doubt");
});

test("each tone has an icon of its own", () => {
  const tones = ["good", "bad", "doubt", "wait", "plain"];
  assert.deepEqual(Object.keys(ICONS).toSorted(), tones.toSorted());
  assert.equal(new Set(Object.values(ICONS)).size, tones.length);
});

// Which of several is told --------------------------------------------------------------------------------------------

test("a call that left while the feed was lost says so, whatever this page asked for, but not over a decision", () => {
  const left = overWith({ ended_at: null }, { vanished: true });
  const words = "It left the board while the feed was lost. Its page tells how it ended.";
  for (const attempt of [null, answer(0), answer(202), { reason: "busy", sending: true }]) {
    assert.equal(outcomeOf(left, attempt, people).text, words);
  }
  assert.equal(outcomeOf(overWith({ decision: decision("refused") }, { vanished: true }), null, people).text, words);
  assert.match(outcomeOf(overWith({ decision: decision("accepted") }, { vanished: true }), null, people).text, /Rejected by boris/);
});

test("what this page asks for now outweighs an earlier refusal, and a refusal outweighs that the call was let pass", () => {
  const refused = ringing(decision("refused", { code: "1044", message: "no" }));
  assert.equal(outcomeOf(refused, { reason: "none", sending: true }, people).text, "Rejecting (no reason given)…");
  refused.call.let_pass = { by: "boris", at: "2026-01-01T12:00:03Z" };
  assert.match(outcomeOf(refused, null, people).text, /^Graph refused/);
});

test("a refusal can be tried again only while the call rings", () => {
  const over = overWith({ decision: decision("refused", { code: "1044" }), ended_at: "x" });
  assert.equal(outcomeOf(over, null, people).text, "Graph refused the rejection by boris: 1044.");
  assert.equal(outcomeOf(overWith({ decision: decision("refused") }), null, people).text, "Graph refused the rejection by boris: no explanation.");
});

test("an answer that came is told while the call rings, also when it is a failure", () => {
  assert.match(outcomeOf(ringing(), answer(502), people).text, /^Graph refused the rejection/);
  assert.match(outcomeOf(overWith({ ended_at: "x" }), answer(409, { by: "boris" }), people).text, /^Already decided/);
});

test("an end is told as what came before it: answered, made by the bot, let pass, missed", () => {
  const end = (more) => outcomeOf(overWith({ ended_at: "x", ...more }), null, people).text;
  const passed = { let_pass: { by: "boris" } };
  assert.equal(end({ established_at: "x", direction: "outgoing", ...passed }), "The call was answered and has ended.");
  assert.equal(end({ direction: "outgoing", ...passed }), "The call has ended.");
  assert.equal(end({ missed_at: "x", ...passed }), "Let pass, and has ended.");
  assert.equal(end({ missed_at: "x" }), "Nobody decided in time; the call has ended.");
  assert.equal(outcomeOf(overWith({}), null, people), null);
});

test("what the server says of a let pass outweighs what this page asked for", () => {
  const passed = { call: { key: "1", let_pass: { by: "boris", at: "2026-01-01T12:00:03Z" } }, belongs: RINGING };
  assert.match(outcomeOf(passed, null, people, { sending: true }).text, /^Let pass by boris/);
});

test("somebody without a name is somebody, and reasons nobody knows are told as they are", () => {
  assert.match(outcomeOf(ringing(decision("confirmed", { by: "" })), null, people).text, /by somebody/);
  assert.deepEqual(["none", "forbidden", "asleep", undefined].map(reasonInWords), ["no reason given", "forbidden", "asleep", ""]);
});

test("each status has the way out that belongs to it", () => {
  assert.equal(outcomeOf(ringing(), answer(503), people).way, undefined);
  assert.equal(outcomeOf(ringing(), answer(500), people).text, "The dashboard answered 500. You can try again.");
});
