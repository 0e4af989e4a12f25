/** How long a ringing call can still be decided. */

/** Assumed duration of a rejection until the server has measured one. Milliseconds. */
export const USUAL_REJECT = 1000;

/**
 * Return `{phase, seconds, fraction, safe}`, or null when the call has no deadline.
 *
 * `phase` is "open" until the last safe moment, from which on a rejection needs longer than is left; then "hurry" (it
 * may be too late) until the deadline, then "closed". `seconds` counts to the end of the phase. `fraction` of the whole
 * window is left, `safe` of it is not safe any more; both from 0 to 1.
 */
export function timeLeft(call, now, rejectMilliseconds = USUAL_REJECT) {
  const deadline = Date.parse(call.deadline ?? "");
  if (Number.isNaN(deadline)) return null;
  const left = Math.max(0, deadline - now);
  const open = left - rejectMilliseconds;
  const whole = deadline - Date.parse(call.received_at ?? "");
  return {
    phase: phaseOf(left, open),
    seconds: Math.ceil((open > 0 ? open : left) / 1000),
    fraction: share(left, whole),
    safe: share(rejectMilliseconds, whole),
  };
}

function share(part, whole) {
  return whole > 0 ? Math.min(1, part / whole) : 0;
}

function phaseOf(left, open) {
  if (left === 0) return "closed";
  return open > 0 ? "open" : "hurry";
}
