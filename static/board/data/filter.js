/** Which rows a person wants to see. */

import { valuesOf } from "./choices.js";

/** What can be chosen from the calls at hand, and everything that is kept in the page's address. */
export const CHOSEN = ["state", "direction", "tenant", "target"];
const NAMES = ["text", "section", ...CHOSEN];

/** Return an empty filter, or the one that an address (URLSearchParams) tells. */
export function readFilter(address = new URLSearchParams()) {
  return Object.fromEntries(NAMES.map((name) => [name, address.get(name) ?? ""]));
}

/** Put a filter into an address, leaving alone what else that says. */
export function writeFilter(filter, address) {
  for (const name of NAMES) {
    if (filter[name]) address.set(name, filter[name]);
    else address.delete(name);
  }
  return address;
}

/** Whether the filter hides rows; `section` only hides whole sections. */
export function isFiltering(filter) {
  return Boolean(filter.text.trim()) || CHOSEN.some((name) => filter[name]);
}

/** Return what says whether a row passes: one of its calls does. */
export function matcherOf(filter) {
  if (!isFiltering(filter)) return () => true;
  const words = fold(filter.text).split(/\s+/).filter(Boolean);
  return (row) => row.records.some((record) => matches(record, filter, words));
}

function matches(record, filter, words) {
  for (const name of CHOSEN) {
    if (filter[name] && !valuesOf(record.call, name).includes(filter[name])) return false;
  }
  if (!words.length) return true;
  const text = textOf(record);
  return words.every((word) => text.includes(word));
}

/** Everything of a call that somebody may look for; made once for each of its states, and only when somebody looks. */
function textOf(record) {
  if (record.textOf !== record.call) Object.assign(record, { text: read(record.call), textOf: record.call });
  return record.text;
}

function read(call) {
  const parties = [call.source, ...(call.targets ?? [])].filter(Boolean);
  const told = parties.flatMap((party) => [party.name, party.id]);
  return fold([...told, call.graph_id, call.chain_id, call.decision?.by].filter(Boolean).join("\n"));
}

function fold(text) {
  return text.normalize("NFKC").toLocaleLowerCase();
}
