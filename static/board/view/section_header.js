/** Draws what stands above the rows of a section, and the texts of a section without rows. */

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { STATES } from "../data/feed.js";
import { icon } from "./icon.js";
import { bulkInWords } from "./outcomes.js";
import { nameOf } from "./parties.js";
import { reasonButtons } from "./rows.js";
import { fill, gettext, ngettext } from "./words.js";

/** The number of rows of a section; `shown / all` while a filter hides some. */
export function count({ shown, all }) {
  if (!all.length) return nothing;
  return html`<span class="part-count">${shown.length === all.length ? all.length : `${shown.length} / ${all.length}`}</span>`;
}

/** Bulk rejection: offer, selection or result. Always of one height, so that no row moves. */
export function bulk(view) {
  const { selection, actions, bulkResult } = view;
  if (!view.mayReject) return nothing;
  if (selection.size) return chosen(selection.size, actions);
  if (bulkResult) return told(bulkResult, view);
  return html`
    <button type="button" class="btn btn-sm btn-quiet" ?disabled=${!view.ringingShown} @click=${actions.selectAll}>
      ${icon("check2-square")} ${gettext("Select all")}
    </button>
  `;
}

function chosen(size, actions) {
  const words = fill(ngettext("%(count)s selected", "%(count)s selected", size), { count: size });
  return html`
    <strong>${words}</strong>
    ${reasonButtons(gettext("Reject the selected calls"), actions.rejectSelected, true)}
    <button type="button" class="btn btn-sm btn-quiet" @click=${actions.unselectAll}>${gettext("Unselect")}</button>
  `;
}

function told(result, view) {
  const refused = result.refused ?? [];
  return html`
    <p class="bulk-told">
      ${icon(result.isSending ? "hourglass-split" : refused.length ? "x-octagon-fill" : "check-circle-fill")}
      <strong>${bulkInWords(result)}</strong>
      ${refused.length
        ? html`<span class="bulk-refused">${fill(gettext("Not: %(names)s"), { names: refused.map(({ call }) => nameOf(call.source)).join(", ") })}</span>`
        : nothing}
    </p>
    ${result.isSending
      ? nothing
      : html`<button type="button" class="btn btn-sm btn-quiet" @click=${view.actions.dismissBulk}>${icon("x-lg")} <span class="visually-hidden">${gettext("Close")}</span></button>`}
  `;
}

/** The text of an empty ringing section. */
export function blank(view) {
  const [name, title, more] = blankWords(view);
  return html`<div class="blank">${icon(name)}<p class="blank-title">${title}</p><p>${more}</p></div>`;
}

export function none(view, nobody) {
  return html`<p class="none">${isConnected(view) ? nobody : gettext("Cannot be told.")}</p>`;
}

/** The text below a printed list that was cut. */
export function leftOut(count, of) {
  return html`<p class="none">${fill(gettext("Only the first %(count)s of %(of)s are printed; a filter can choose others."), { count, of })}</p>`;
}

export function nothingMatches() {
  return html`<p class="none">${gettext("Nothing here passes your filter.")}</p>`;
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
