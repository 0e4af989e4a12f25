/** The table of keys: action, keys and explanation of each. */

import { gettext } from "./words.js";

/** Keys by subject, in the order of the help panel; `keys` are values of `KeyboardEvent.key`. */
export const KEYS = [
  {
    title: () => gettext("Decide"),
    keys: [
      { action: "reject-none", keys: ["1"], words: () => gettext("Reject, no reason given") },
      { action: "reject-busy", keys: ["2"], words: () => gettext("Reject: busy") },
      { action: "reject-forbidden", keys: ["3"], words: () => gettext("Reject: forbidden") },
      { action: "pass", keys: ["p"], words: () => gettext("Let it pass: silence it, reject nothing") },
      { action: "note", keys: ["n"], words: () => gettext("Write a note on the call") },
    ],
  },
  {
    title: () => gettext("Find"),
    keys: [
      { action: "find", keys: ["/"], words: () => gettext("Find in the list") },
      { action: "everything", keys: ["0"], words: () => gettext("Show everything again") },
      { action: "expand", keys: ["e"], words: () => gettext("Show or hide the calls of the row") },
      { action: "open", keys: ["o"], words: () => gettext("Open the page of the call") },
    ],
  },
  {
    title: () => gettext("Several at once"),
    keys: [
      { action: "select", keys: ["x"], words: () => gettext("Select the row, or unselect it") },
      { action: "select-all", keys: ["a"], words: () => gettext("Select every ringing row in the filter") },
      { action: "cancel", keys: ["Escape"], words: () => gettext("Unselect everything") },
    ],
  },
  {
    title: () => gettext("Move"),
    keys: [
      { action: "next", keys: ["j", "ArrowDown"], words: () => gettext("Next row") },
      { action: "previous", keys: ["k", "ArrowUp"], words: () => gettext("Row before") },
      { action: "page-down", keys: ["PageDown"], words: () => gettext("A page on") },
      { action: "page-up", keys: ["PageUp"], words: () => gettext("A page back") },
      { action: "first", keys: ["Home"], words: () => gettext("First row") },
      { action: "last", keys: ["End"], words: () => gettext("Last row") },
      { action: "key-help", keys: ["?"], words: () => gettext("These keys") },
    ],
  },
];

/** Return the first key of an action, as shown on its button. */
export function keyFor(action) {
  return KEYS.flatMap(({ keys }) => keys).find((entry) => entry.action === action).keys[0];
}
