/** Finds the calls whose time is about to run out, each once, by looking at the next few of all that ring. */

/** How long before the last safe moment it is said. Milliseconds. */
export const ALERT_AHEAD = 5000;

export class DeadlineAlert {
  /** `[deadline, key]` by deadline; most calls ring equally long, so nearly all are added at the end. */
  #waiting = [];

  /** Take in a call that has begun to ring. */
  add(call) {
    const deadline = Date.parse(call.deadline ?? "");
    if (Number.isNaN(deadline)) return;
    let place = this.#waiting.length;
    while (place > 0 && this.#waiting[place - 1][0] > deadline) place -= 1;
    this.#waiting.splice(place, 0, [deadline, call.key]);
  }

  /** Return the keys of the calls whose last safe moment has come near since the last time. */
  due(now, rejectMilliseconds) {
    const until = now + rejectMilliseconds + ALERT_AHEAD;
    const count = this.#waiting.findIndex(([deadline]) => deadline > until);
    return this.#waiting.splice(0, count < 0 ? this.#waiting.length : count).map(([, key]) => key);
  }
}
