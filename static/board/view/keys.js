/** The keys of the board: what each does, in words for whoever asks, and when it counts. */

import { gettext } from "./words.js";

/** Every key by subject, in the order in which they are explained. A key is what `KeyboardEvent.key` says. */
export const KEYS = [
  {
    title: () => gettext("Decide"),
    keys: [
      { act: "reject-none", keys: ["1"], words: () => gettext("Reject, no reason given") },
      { act: "reject-busy", keys: ["2"], words: () => gettext("Reject: busy") },
      { act: "reject-forbidden", keys: ["3"], words: () => gettext("Reject: forbidden") },
      { act: "pass", keys: ["p"], words: () => gettext("Let it pass: silence it, reject nothing") },
      { act: "note", keys: ["n"], words: () => gettext("Write a note on the call") },
    ],
  },
  {
    title: () => gettext("Find"),
    keys: [
      { act: "find", keys: ["/"], words: () => gettext("Find in the list") },
      { act: "everything", keys: ["0"], words: () => gettext("Show everything again") },
      { act: "expand", keys: ["e"], words: () => gettext("Show or hide the calls of the row") },
      { act: "open", keys: ["o"], words: () => gettext("Open the page of the call") },
    ],
  },
  {
    title: () => gettext("Several at once"),
    keys: [
      { act: "select", keys: ["x"], words: () => gettext("Select the row, or unselect it") },
      { act: "select-all", keys: ["a"], words: () => gettext("Select every ringing row in the filter") },
      { act: "cancel", keys: ["Escape"], words: () => gettext("Unselect everything") },
    ],
  },
  {
    title: () => gettext("Move"),
    keys: [
      { act: "next", keys: ["j", "ArrowDown"], words: () => gettext("Next row") },
      { act: "previous", keys: ["k", "ArrowUp"], words: () => gettext("Row before") },
      { act: "page-down", keys: ["PageDown"], words: () => gettext("A page on") },
      { act: "page-up", keys: ["PageUp"], words: () => gettext("A page back") },
      { act: "first", keys: ["Home"], words: () => gettext("First row") },
      { act: "last", keys: ["End"], words: () => gettext("Last row") },
      { act: "sheet", keys: ["?"], words: () => gettext("These keys") },
    ],
  },
];

/** Return the key that does something, as it is shown beside the button for it. */
export function keyFor(act) {
  return KEYS.flatMap(({ keys }) => keys).find((entry) => entry.act === act).keys[0];
}
