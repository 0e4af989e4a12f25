/** The three sections, and the three kinds of blank: loading, calm, cannot tell. */

import { html, nothing } from "../vendor/lit-html-3.3.3/lit-html.js";
import { repeat } from "../vendor/lit-html-3.3.3/directives/repeat.js";
import { STATES } from "./feed.js";
import { icon } from "./icon.js";
import { quietRow, ringingRow } from "./rows.js";
import { gettext } from "./words.js";

export function ringing(records, view) {
  return html`
    ${records.length ? nothing : blank(view)}
    <ul class="calls">${list(records, ringingRow, view)}</ul>
  `;
}

export function quiet(records, view, nobody) {
  return html`
    ${records.length ? nothing : html`<p class="none">${isConnected(view) ? nobody : gettext("Cannot be told.")}</p>`}
    <ul class="calls">${list(records, quietRow, view)}</ul>
  `;
}

function list(records, row, view) {
  return repeat(records, (record) => record.call.key, (record) => row(record, view));
}

function blank(view) {
  const [name, title, more] = blankWords(view);
  return html`<div class="blank">${icon(name)}<p class="blank-title">${title}</p><p>${more}</p></div>`;
}

function isConnected({ known, state }) {
  return known && state === STATES.LIVE;
}

function blankWords(view) {
  if (isConnected(view)) {
    return ["moon-stars", gettext("Nothing is ringing"), gettext("A call appears here the moment it rings.")];
  }
  if (view.state === STATES.CONNECTING) {
    return ["arrow-repeat", gettext("Loading the calls…"), gettext("This takes a second or two.")];
  }
  return [
    "question-circle-fill",
    gettext("Whether anything rings cannot be told"),
    gettext("The live feed is not connected, so an empty list means nothing."),
  ];
}
