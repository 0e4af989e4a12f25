/** Speaks to people who listen to the page instead of looking at it, each thing once. */

import { STATES } from "./feed.js";
import { nameOf, targetsInWords } from "./parties.js";
import { outcomeOf } from "./outcomes.js";
import { fill, gettext, ngettext } from "./words.js";

const HEARD = new Set([STATES.LIVE, STATES.LATE]);

/** Return what to say about calls that have just begun to ring. */
export function arrivalInWords(calls) {
  if (calls.length > 1) {
    return fill(ngettext("%(count)s call is ringing", "%(count)s calls are ringing", calls.length), { count: calls.length });
  }
  const [call] = calls;
  const values = { caller: nameOf(call.source), target: targetsInWords(call.targets) };
  return fill(values.target ? gettext("%(caller)s is calling %(target)s") : gettext("%(caller)s is calling"), values);
}

export class Announcer {
  #region;

  constructor(region) {
    this.#region = region;
  }

  say(text) {
    const line = document.createElement("p");
    line.textContent = text;
    this.#region.replaceChildren(line);
  }
}

/** Say what happens: calls that begin to ring, what became of decisions, the feed that comes and goes. */
export function announce(announcer, live, decisions, people) {
  live.addEventListener("arrived", ({ detail }) => announcer.say(arrivalInWords(detail)));
  live.addEventListener("feed", ({ detail: { was, is } }) => {
    if (HEARD.has(was) && !HEARD.has(is)) announcer.say(gettext("The live feed is lost."));
    if (was === STATES.LOST && is === STATES.LIVE) announcer.say(gettext("The live feed is back."));
  });
  decisions.addEventListener("settled", ({ detail: key }) => {
    const record = live.store.get(key);
    const outcome = record && outcomeOf(record, decisions.attempts.get(key), people);
    if (!outcome) return;
    const values = { caller: nameOf(record.call.source), outcome: outcome.text };
    announcer.say(fill(gettext("Call of %(caller)s: %(outcome)s"), values));
  });
}
