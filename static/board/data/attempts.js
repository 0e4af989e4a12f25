/** What this page has asked for and been told, by call. */

/** Answers after which the same call may be rejected again, as far as this page knows. */
const NOTHING_HAPPENED = new Set([0, 400, 401, 403, 404, 413, 422, 500, 502, 503]);

export class Attempts {
  #byKey = new Map();

  get(key) {
    return this.#byKey.get(key) ?? null;
  }

  begin(key, reason) {
    this.#byKey.set(key, { reason, sending: true, status: null, body: {} });
  }

  settle(key, { status, body }) {
    const attempt = this.#byKey.get(key);
    if (attempt) Object.assign(attempt, { sending: false, status, body });
  }

  forget(keys) {
    for (const key of keys) this.#byKey.delete(key);
  }
}

/** Outcomes, and answers to this page, after which how long the call rings matters to nobody. */
const STILL_OPEN = new Set(["requested", "refused", "unknown"]);
const SETTLED = new Set([202, 409, 410]);

/** Return whether the time left to decide still means something. */
export function isUndecided(call, attempt) {
  if (attempt && SETTLED.has(attempt.status)) return false;
  return !call.decision || STILL_OPEN.has(call.decision.outcome);
}

/** Return whether the call can be rejected now: nobody holds it, and nothing is under way here. */
export function isOpen(call, attempt) {
  if (call.decision && call.decision.outcome !== "refused") return false;
  return !attempt || hasFailed(attempt);
}

/** Return whether the answer says that nothing was done. */
export function hasFailed(attempt) {
  return !attempt.sending && NOTHING_HAPPENED.has(attempt.status);
}
