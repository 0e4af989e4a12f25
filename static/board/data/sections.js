/** The three sections of the board, and the section a call belongs to. */

export const RINGING = "ringing";
export const PROGRESS = "progress";
export const ENDED = "ended";

const BEFORE_ANSWER = new Set(["", "incoming", "ringing"]);

export function sectionOf(call) {
  if (call.ended_at || call.missed_at) return ENDED;
  const incoming = call.direction !== "outgoing";
  return incoming && BEFORE_ANSWER.has(call.state ?? "") ? RINGING : PROGRESS;
}
