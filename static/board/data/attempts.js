/** Requests this page sent and the answers to them, by call key. */

/** Statuses after which the call can be rejected again; 0 means no answer. */
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

/** Outcomes that leave a call undecided, and statuses that decide it. */
const STILL_OPEN = new Set(["requested", "refused", "unknown"]);
const SETTLED = new Set([202, 409, 410]);

/** Return whether the countdown of a call is still shown. */
export function isUndecided(call, attempt) {
  if (attempt && SETTLED.has(attempt.status)) return false;
  return !call.decision || STILL_OPEN.has(call.decision.outcome);
}

/** Return whether the call can be rejected: no decision holds it, and no request of this page is under way. */
export function isOpen(call, attempt) {
  if (call.decision && call.decision.outcome !== "refused") return false;
  return !attempt || hasFailed(attempt);
}

/** Return whether the request was answered and had no effect. */
export function hasFailed(attempt) {
  return !attempt.sending && NOTHING_HAPPENED.has(attempt.status);
}
