/** The filter: reading it from and writing it to the page's address, and matching rows. */

import { valuesOf } from "./choices.js";

/** Properties chosen from lists; all parts of the filter, as named in the page's address. */
export const CHOSEN = ["state", "direction", "tenant", "target"];
const NAMES = ["text", "section", ...CHOSEN];

/** Return the filter in an address (URLSearchParams); empty by default. */
export function readFilter(address = new URLSearchParams()) {
  return Object.fromEntries(NAMES.map((name) => [name, address.get(name) ?? ""]));
}

/** Write a filter to an address and keep its other parameters. */
export function writeFilter(filter, address) {
  for (const name of NAMES) {
    if (filter[name]) address.set(name, filter[name]);
    else address.delete(name);
  }
  return address;
}

/** Whether the filter hides rows; `section` hides whole sections instead. */
export function isFiltering(filter) {
  return Boolean(filter.text.trim()) || CHOSEN.some((name) => filter[name]);
}

/** Return a function that says whether a row passes: at least one of its calls matches. */
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

/** The searchable text of a call, built once per state and only when needed. */
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
