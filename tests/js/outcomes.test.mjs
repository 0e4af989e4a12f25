import assert from "node:assert/strict";
import { test } from "node:test";

import { Attempts, isOpen } from "../../static/board/attempts.js";
import { outcomeOf } from "../../static/board/outcomes.js";
import { ENDED, RINGING } from "../../static/board/sections.js";

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
  assert.match(outcomeOf(ringing(decision("let_pass")), null, people).text, /boris: let_pass/);
});

test("undecided ends are told apart", () => {
  const end = (more) => outcomeOf({ call: { key: "1", decision: null, ...more }, belongs: ENDED }, null, people).text;
  assert.equal(end({ missed_at: "x" }), "Nobody decided in time.");
  assert.equal(end({ ended_at: "x" }), "The call ended before anybody decided.");
  assert.equal(end({ ended_at: "x", established_at: "x" }), "The call was answered and has ended.");
});
