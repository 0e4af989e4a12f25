/** Reports each ringing call once, shortly before its last safe moment to reject. */

/** How long before the last safe moment a call is reported. Milliseconds. */
export const ALERT_AHEAD = 5000;

export class DeadlineAlert {
  /** `[deadline, key]` sorted by deadline; most calls ring equally long, so most are appended. */
  #waiting = [];

  /** Add a call that began to ring. */
  add(call) {
    const deadline = Date.parse(call.deadline ?? "");
    if (Number.isNaN(deadline)) return;
    let place = this.#waiting.length;
    while (place > 0 && this.#waiting[place - 1][0] > deadline) place -= 1;
    this.#waiting.splice(place, 0, [deadline, call.key]);
  }

  /** Return the keys of the calls that came close to their last safe moment since the last call of this method. */
  due(now, rejectMilliseconds) {
    const until = now + rejectMilliseconds + ALERT_AHEAD;
    const count = this.#waiting.findIndex(([deadline]) => deadline > until);
    return this.#waiting.splice(0, count < 0 ? this.#waiting.length : count).map(([, key]) => key);
  }
}
