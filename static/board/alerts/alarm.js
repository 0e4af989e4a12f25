/** For which calls it rings: from their state alone, so that a lost or repeated event changes nothing. */

import { isOpen } from "../data/attempts.js";
import { RINGING, sectionOf } from "../data/sections.js";

/** When each state of a call says that its window closes: thousands may ring, and they are looked at often. */
const deadlines = new WeakMap();

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
  const all = calls.map(deadlineOf);
  if (all.includes(null)) return Infinity;
  return Math.max(0, ...all.map((deadline) => (deadline - now) / 1000));
}

function deadlineOf(call) {
  let deadline = deadlines.get(call);
  if (deadline === undefined) {
    const parsed = Date.parse(call.deadline ?? "");
    deadline = Number.isNaN(parsed) ? null : parsed;
    deadlines.set(call, deadline);
  }
  return deadline;
}
