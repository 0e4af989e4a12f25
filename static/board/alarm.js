/** For which calls it rings: from their state alone, so that a lost or repeated event changes nothing. */

import { isOpen } from "./attempts.js";
import { RINGING, sectionOf } from "./sections.js";

/**
 * Return the calls that still want a decision. A call whose deadline nobody told rings only while the feed tells of its
 * end; otherwise it could ring for ever.
 */
export function callsToRingFor(calls, { now, attemptOn = () => null, isFresh = true }) {
  const wanted = [];
  for (const call of calls) if (wantsDecision(call, attemptOn) && isInTime(call, now, isFresh)) wanted.push(call);
  return wanted;
}

function wantsDecision(call, attemptOn) {
  return sectionOf(call) === RINGING && !call.let_pass && isOpen(call, attemptOn(call.key));
}

function isInTime(call, now, isFresh) {
  const deadline = deadlineOf(call);
  return deadline === null ? isFresh : now < deadline;
}

/** Return for how many seconds it rings if nothing else is heard; Infinity when some call has no deadline. */
export function secondsToRing(calls, now) {
  const deadlines = calls.map(deadlineOf);
  if (deadlines.includes(null)) return Infinity;
  return Math.max(0, ...deadlines.map((deadline) => (deadline - now) / 1000));
}

function deadlineOf(call) {
  const deadline = Date.parse(call.deadline ?? "");
  return Number.isNaN(deadline) ? null : deadline;
}
