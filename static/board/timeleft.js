/** How long a ringing call can still be decided. */

/** A rejection needs about this long to reach the service; closer to the deadline it may be too late. */
export const SAFE_MILLISECONDS = 1000;

/**
 * Return `{seconds, fraction, phase}` or null when the call has no deadline. `phase` is "open", "hurry" (it may be too
 * late) or "closed"; `fraction` runs from 1 to 0.
 */
export function timeLeft(call, now) {
  const deadline = Date.parse(call.deadline ?? "");
  if (Number.isNaN(deadline)) return null;
  const left = Math.max(0, deadline - now);
  const whole = deadline - Date.parse(call.received_at ?? "");
  return { seconds: Math.ceil(left / 1000), fraction: fractionOf(left, whole), phase: phaseOf(left) };
}

function fractionOf(left, whole) {
  return whole > 0 ? Math.min(1, left / whole) : 0;
}

function phaseOf(left) {
  if (left === 0) return "closed";
  return left <= SAFE_MILLISECONDS ? "hurry" : "open";
}
