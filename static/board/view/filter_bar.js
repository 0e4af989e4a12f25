/** Draws the filter bar: search field, section buttons, and lists for state, direction, tenant and target. */

import { repeat } from "../../vendor/lit-html-3.3.3/directives/repeat.js";
import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { isFiltering } from "../data/filter.js";
import { ENDED, PROGRESS, RINGING } from "../data/sections.js";
import { icon } from "./icon.js";
import { stateInWords } from "./parties.js";
import { fill, gettext, ngettext } from "./words.js";

/**
 * `choices` is a `Choices`, `hidden` the number of ringing rows that the filter hides, `isOpen` whether the bar is
 * unfolded on a narrow screen; `actions` has `filter(change)`, `openFinder()`, `leaveFinder(event)` and
 * `showEverything()`.
 */
export function filterBar({ filter, choices, hidden, isOpen }, actions) {
  return html`
    <div class="finder ${isOpen ? "finder-open" : ""}" role="search">
      <label class="finder-text">
        ${icon("search")}
        <input
          type="search"
          class="form-control"
          aria-label=${gettext("Find in the list")}
          placeholder=${gettext("Find a name, number or id")}
          aria-keyshortcuts="/"
          .value=${filter.text}
          @input=${(event) => actions.filter({ text: event.target.value })}
          @keydown=${(event) => event.key === "Escape" && actions.leaveFinder(event)}
        />
      </label>
      <button type="button" class="btn btn-quiet finder-opener" aria-expanded=${isOpen} @click=${actions.openFinder}>
        ${icon("funnel")} ${gettext("Filter")}
      </button>
      ${sections(filter, actions)}
      ${chooser("state", gettext("State"), gettext("any state"), filter, choices, actions, stateInWords)}
      ${chooser("direction", gettext("Direction"), gettext("any direction"), filter, choices, actions, directionInWords)}
      ${chooser("tenant", gettext("Tenant"), gettext("any tenant"), filter, choices, actions)}
      ${chooser("target", gettext("Target"), gettext("any target"), filter, choices, actions)}
    </div>
    ${isFiltering(filter) || filter.section ? outside(hidden, actions) : nothing}
  `;
}

/** The number of ringing rows outside the filter; shown also when it is 0, so that nothing moves when it changes. */
function outside(hidden, actions) {
  const words = fill(ngettext("%(count)s more ringing outside your filter", "%(count)s more ringing outside your filter", hidden), { count: hidden });
  return html`
    <p class="outside ${hidden ? "outside-rings" : ""}">
      ${icon(hidden ? "telephone-inbound-fill" : "funnel")}
      <span>${hidden ? words : gettext("Your filter hides nothing that rings.")}</span>
      <button type="button" class="btn btn-sm ${hidden ? "btn-light" : "btn-quiet"}" @click=${actions.showEverything}>${gettext("Show everything")}</button>
    </p>
  `;
}

function directionInWords(direction) {
  return { incoming: gettext("incoming"), outgoing: gettext("outgoing") }[direction] ?? direction;
}

function sections(filter, actions) {
  const choices = [
    ["", gettext("Everything")],
    [RINGING, gettext("Ringing")],
    [PROGRESS, gettext("In progress")],
    [ENDED, gettext("Just ended")],
  ];
  return html`
    <div class="finder-sections btn-group" role="group" aria-label=${gettext("Sections to show")}>
      ${choices.map(
        ([section, words]) => html`
          <button type="button" class="btn btn-sm btn-quiet" aria-pressed=${filter.section === section} @click=${() => actions.filter({ section })}>
            ${words}
          </button>
        `,
      )}
    </div>
  `;
}

/** A select element; nothing where there are fewer than two choices and none was made. */
function chooser(name, label, any, filter, choices, actions, inWords = null) {
  const chosen = filter[name];
  const offered = choices.of(name).map(([value, text]) => [value, inWords ? inWords(value) : text]);
  if (chosen && !offered.some(([value]) => value === chosen)) offered.push([chosen, inWords ? inWords(chosen) : chosen]);
  if (offered.length < 2 && !chosen) return nothing;
  offered.sort(([, one], [, other]) => one.localeCompare(other));
  return html`
    <select class="form-select form-select-sm finder-choice" aria-label=${label} @change=${(event) => actions.filter({ [name]: event.target.value })}>
      <option value="" ?selected=${!chosen}>${any}</option>
      ${repeat(offered, ([value]) => value, ([value, text]) => html`<option value=${value} ?selected=${value === chosen}>${text}</option>`)}
    </select>
  `;
}
