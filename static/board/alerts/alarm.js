/** Which calls ring aloud, computed from their current state, so a lost or repeated event changes nothing. */

import { isOpen } from "../data/attempts.js";
import { RINGING, sectionOf } from "../data/sections.js";

/** Parsed deadlines by call state, because thousands of calls may be checked several times a second. */
const deadlines = new WeakMap();

/**
 * Return the calls that need a decision. A call without a deadline rings only while the feed is fresh; after a loss its
 * end would not arrive, and it would ring for ever.
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

/** Return the seconds until the last deadline; Infinity if a call has none. */
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
