/** Times of day as people read them. */

import { gettext } from "./words.js";

/** Return a function that writes down a moment (ISO 8601) in the time zone, or says that it was not told. */
export function timeWriter(language, timeZone) {
  const parts = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const times = new Intl.DateTimeFormat(language, { ...parts, timeZone });
  return (moment) => {
    const at = Date.parse(moment ?? "");
    return Number.isNaN(at) ? gettext("a time not told") : times.format(at);
  };
}
