/** Remaining time of the signed-in session. */

/** The session's end is announced this long before. Minutes. */
export const WARN_MINUTES = 30;

/** Return null while there is time, else `{ended, minutes}`; `ends` is ISO 8601, `now` the server's clock. */
export function sessionEnding(ends, now) {
  const at = Date.parse(ends ?? "");
  if (Number.isNaN(at)) return null;
  const minutes = Math.ceil((at - now) / 60_000);
  if (minutes > WARN_MINUTES) return null;
  return { ended: now >= at, minutes: Math.max(0, minutes) };
}
