/** Formats times of day. */

import { gettext } from "./words.js";

/** Return a function that formats a time (ISO 8601) in the time zone, with a text for a missing one. */
export function timeWriter(language, timeZone) {
  const parts = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const times = new Intl.DateTimeFormat(language, { ...parts, timeZone });
  return (moment) => {
    const at = Date.parse(moment ?? "");
    return Number.isNaN(at) ? gettext("a time not told") : times.format(at);
  };
}
