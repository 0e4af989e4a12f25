/** Which banners are shown: blocked sound, denied notices, the session's end, a new version. */

import { SOUND } from "../../site/sound.js";
import { NOTICES } from "../data/permissions.js";
import { fill, gettext, ngettext } from "./words.js";

/**
 * Return the banners as `{name, tone, icon, text, action}`; `action` is null, `{label, href}` or `{label, name, isHeld}`
 * with the name of an action of `Chrome`, which is disabled while `isHeld`.
 */
export function bannersOf({ watch, choices, session, unheard, isOutdated, ringing, loginUrl }) {
  return [
    soundBanner(watch, choices),
    noticesBanner(watch, choices),
    sessionBanner(session, unheard, loginUrl),
    isOutdated ? versionBanner(ringing) : null,
  ].filter(Boolean);
}

function soundBanner(watch, choices) {
  if (!watch.isOn || !choices.sound) return null;
  if (watch.sound === SOUND.MISSING) {
    return { name: "sound", tone: "doubt", icon: "volume-mute-fill", text: gettext("This browser cannot play sounds; calls ring silently here."), action: null };
  }
  if (watch.sound === SOUND.READY) return null;
  return {
    name: "sound",
    tone: "bad",
    icon: "volume-mute-fill",
    text: gettext("The browser blocks the sound. Click here, or press any key, and calls can be heard."),
    action: { label: gettext("Unlock the sound"), name: "unlock" },
  };
}

function noticesBanner(watch, choices) {
  if (!watch.isOn || !choices.notices || watch.notices !== NOTICES.DENIED) return null;
  return {
    name: "notices",
    tone: "doubt",
    icon: "bell-slash-fill",
    text: gettext("The browser shows no desktop notices for this page. Allow them in the settings of this site, beside its address."),
    action: { label: gettext("Do without"), name: "doWithoutNotices" },
  };
}

function sessionBanner(session, unheard, loginUrl) {
  if (!session) return null;
  return {
    name: "session",
    tone: session.ended || session.minutes <= 5 ? "bad" : "doubt",
    icon: "clock-history",
    text: `${sessionInWords(session, unheard)} ${gettext("Sign in again and you come back to the board.")}`,
    action: { label: gettext("Sign in again"), href: loginUrl },
  };
}

function sessionInWords({ ended, minutes }, unheard) {
  if (!ended) {
    const text = ngettext("You will be signed out in %(count)s minute.", "You will be signed out in %(count)s minutes.", minutes);
    return fill(text, { count: minutes });
  }
  if (!unheard) return gettext("Your session has ended.");
  const text = ngettext(
    "Your session has ended while %(count)s call was ringing.",
    "Your session has ended while %(count)s calls were ringing.",
    unheard,
  );
  return fill(text, { count: unheard });
}

function versionBanner(ringing) {
  return {
    name: "version",
    tone: "plain",
    icon: "arrow-repeat",
    text: ringing
      ? gettext("The dashboard has a new version. It can be loaded when nothing rings.")
      : gettext("The dashboard has a new version."),
    action: { label: gettext("Load it"), name: "reload", isHeld: ringing > 0 },
  };
}
