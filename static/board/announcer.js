/** Speaks to people who listen to the page instead of looking at it, each thing once. */

import { fill, gettext, ngettext } from "./words.js";
import { nameOf, targetsInWords } from "./parties.js";

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
