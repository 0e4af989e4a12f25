/** Text for the number of supervisors that watch. */

import { fill, gettext, ngettext } from "./words.js";

/**
 * Return `{text, more, isWarning}` for a frame's `watching`, or null before the first. `connected` and `visible` count
 * people who may reject, not tabs; `mayReject` says whether the user is one of them.
 */
export function watchersInWords(watching, { mayReject }) {
  if (!watching) return null;
  const { connected, visible } = watching;
  if (!connected) return { text: gettext("No supervisor is watching"), more: gettext("Nobody can reject a call now."), isWarning: true };
  const text =
    mayReject && connected === 1
      ? gettext("Only you are watching")
      : fill(ngettext("%(count)s supervisor is watching", "%(count)s supervisors are watching", connected), { count: connected });
  return { text, more: inView(visible, connected), isWarning: !visible || connected === 1 };
}

function inView(visible, connected) {
  if (!visible) return gettext("Nobody has the board in view.");
  if (visible === connected) return "";
  return fill(ngettext("%(count)s has the board in view.", "%(count)s have the board in view.", visible), { count: visible });
}
