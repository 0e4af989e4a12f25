/** The outcome of a call as text and tone, from the server's decision, this page's request and the call's end. */

import { hasFailed } from "../data/attempts.js";
import { ENDED } from "../data/sections.js";
import { fill, gettext, ngettext } from "./words.js";

const GOOD = "good";
const BAD = "bad";
const DOUBT = "doubt";
const WAIT = "wait";
const PLAIN = "plain";

/** How to recover from a failure, by status or by the server's outcome. */
const WAYS_OUT = { 401: "sign-in", csrf: "reload" };

export const ICONS = {
  [GOOD]: "check-circle-fill",
  [BAD]: "x-octagon-fill",
  [DOUBT]: "question-circle-fill",
  [WAIT]: "hourglass-split",
  [PLAIN]: "info-circle-fill",
};

/** Return the text of a reject reason; an unknown reason as it is. */
export function reasonInWords(reason) {
  const words = { none: gettext("no reason given"), busy: gettext("busy"), forbidden: gettext("forbidden") };
  return words[reason] ?? reason ?? "";
}

/**
 * Return `{tone, text, way}` for a call, or null; `way` is "sign-in", "reload" or missing.
 *
 * Precedence: a decision from the feed, then the answer to this page's request, then its request under way. The end of
 * a call takes precedence over a failed request. `attempt` and `pass` are this page's requests, or null; `people` is
 * `{me, time}`: the user's name and a function that formats a time.
 */
export function outcomeOf(record, { attempt = null, pass = null }, people) {
  const { call } = record;
  const isOver = record.belongs === ENDED;
  if (call.decision && call.decision.outcome !== "refused") return ofDecision(call.decision, people);
  if (record.vanished) return ofEnd(record);
  if (attempt?.sending) return { tone: WAIT, text: rejecting(attempt.reason) };
  if (attempt && !(isOver && hasFailed(attempt))) return ofAnswer(attempt, people);
  if (call.decision) return ofRefusal(call.decision, isOver, people);
  if (isOver) return ofEnd(record);
  return ofPass(call, pass, people);
}

function ofPass(call, pass, people) {
  if (call.let_pass) return { tone: PLAIN, text: letPass(call.let_pass, people) };
  if (pass?.sending) return { tone: WAIT, text: gettext("Letting it pass…") };
  if (pass?.status === 200) return { tone: PLAIN, text: letPass({ by: people.me, ...pass.body }, people) };
  return pass ? ofAnswer(pass, people) : null;
}

function letPass({ by, at }, people) {
  const values = { by: decider({ by }, people), time: people.time(at) };
  return fill(gettext("Let pass by %(by)s at %(time)s. It can still be rejected."), values);
}

function rejecting(reason) {
  return fill(gettext("Rejecting (%(reason)s)…"), { reason: reasonInWords(reason) });
}

function decider(decision, people) {
  return decision.by === people.me ? gettext("you") : decision.by || gettext("somebody");
}

function ofDecision(decision, people) {
  const values = {
    by: decider(decision, people),
    reason: reasonInWords(decision.reason),
    time: people.time(decision.at),
  };
  const [tone, text] = decisionWords(decision.outcome);
  return { tone, text: fill(text, values) };
}

function ofRefusal(decision, over, people) {
  const text = over
    ? gettext("Graph refused the rejection by %(by)s: %(said)s.")
    : gettext("Graph refused the rejection by %(by)s: %(said)s. It can be tried again.");
  return { tone: BAD, text: fill(text, { by: decider(decision, people), said: said(decision) }) };
}

function decisionWords(outcome) {
  const words = {
    requested: [WAIT, gettext("Rejection asked for by %(by)s at %(time)s (%(reason)s). Waiting for Graph.")],
    accepted: [GOOD, gettext("Rejected by %(by)s at %(time)s (%(reason)s). Graph accepted; the call is about to end.")],
    confirmed: [GOOD, gettext("Rejected by %(by)s at %(time)s (%(reason)s). The call has ended.")],
    too_late: [BAD, gettext("Too late: the time to decide was over when %(by)s rejected it.")],
    caller_left: [DOUBT, gettext("The caller hung up before the rejection by %(by)s.")],
    ended_elsewhere: [DOUBT, gettext("The call had already ended elsewhere when %(by)s rejected it.")],
    ended_unproved: [DOUBT, gettext("The call ended; whether the rejection by %(by)s ended it is not proved.")],
    unknown: [DOUBT, gettext("Graph did not answer the rejection by %(by)s. The outcome is unknown.")],
  };
  return words[outcome] ?? [DOUBT, fill(gettext("Rejection by %(by)s: %(outcome)s."), { by: "%(by)s", outcome })];
}

/** Graph's code and message; a full stop at its end is removed, since the sentence around it has one. */
function said({ code, message }) {
  return [code, message?.replace(/[.\s]+$/, "")].filter(Boolean).join(" – ") || gettext("no explanation");
}

function ofAnswer({ status, body, reason }, people) {
  if (status === 202) return ofDecision({ outcome: "accepted", by: people.me, reason, ...body }, people);
  if (status === 409) return { tone: PLAIN, text: decidedByAnother(body, people) };
  return ofFailure(status, body);
}

function decidedByAnother(body, people) {
  const values = { by: decider(body, people), reason: reasonInWords(body.reason), time: people.time(body.at) };
  return fill(gettext("Already decided by %(by)s at %(time)s (%(reason)s)."), values);
}

function ofFailure(status, body) {
  const words = {
    0: gettext("No answer from the dashboard. Try again: no call is rejected twice."),
    401: gettext("You are signed out. Sign in again to reject calls."),
    403: gettext("You may not reject calls."),
    404: gettext("The dashboard does not know this call."),
    410: gettext("The call can no longer be rejected."),
    502: gettext("Graph refused the rejection. You can try again."),
    503: gettext("The decision could not be recorded, so nothing was sent. You can try again."),
    504: gettext("Graph did not answer. The outcome is unknown; the call may still ring."),
  };
  const general = fill(gettext("The dashboard answered %(status)s. You can try again."), { status });
  const way = WAYS_OUT[body.outcome] ?? WAYS_OUT[status];
  return { tone: status === 504 ? DOUBT : BAD, text: body.message || words[status] || general, ...(way && { way }) };
}

function ofEnd({ call, vanished }) {
  if (vanished) return { tone: DOUBT, text: gettext("It left the board while the feed was lost. Its page tells how it ended.") };
  if (call.ended_at) return { tone: PLAIN, text: endedInWords(call) };
  if (call.missed_at) return { tone: BAD, text: missedInWords(call) };
  return null;
}

function missedInWords({ let_pass: passed }) {
  return passed ? gettext("Let pass; nobody rejected it in time.") : gettext("Nobody decided in time.");
}

function endedInWords(call) {
  if (call.established_at) return gettext("The call was answered and has ended.");
  if (call.direction === "outgoing") return gettext("The call has ended.");
  if (call.let_pass) return gettext("Let pass, and has ended.");
  if (call.missed_at) return gettext("Nobody decided in time; the call has ended.");
  return gettext("The call ended before anybody decided.");
}

/** Return whether the call rang to its end while no supervisor had the board in view. */
export function rangUnseen({ call, belongs }) {
  const couldBeDecided = Boolean(call.deadline) && call.direction !== "outgoing";
  const nobodyDid = !call.decision && !call.let_pass && !call.established_at;
  return belongs === ENDED && call.watched === false && couldBeDecided && nobodyDid;
}

/** Return the text of a bulk rejection's result. */
export function bulkInWords({ asked, rejected, isSending }) {
  if (isSending) return fill(gettext("Rejecting %(asked)s calls…"), { asked });
  return fill(ngettext("%(rejected)s of %(asked)s rejected.", "%(rejected)s of %(asked)s rejected.", asked), { rejected, asked });
}
