/** Draws the line above the calls: who watches, and the controls and state of this page's watch. */

import { SOUND } from "../../site/sound.js";
import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { NOTICES } from "../data/permissions.js";
import { icon } from "./icon.js";
import { watchersInWords } from "./watchers.js";
import { gettext } from "./words.js";

export function watchers(watching, view) {
  const told = watchersInWords(watching, view);
  if (!told) return nothing;
  return html`
    <p class="watchers ${told.isWarning ? "watchers-warning" : ""}" data-watchers>
      ${icon(told.isWarning ? "exclamation-triangle-fill" : "people-fill")}
      <span><strong>${told.text}</strong> <span class="watchers-more">${told.more}</span></span>
    </p>
  `;
}

function soundInWords(state, choices) {
  if (!choices.sound) return ["volume-mute-fill", gettext("Sound off"), ""];
  if (state.sound === SOUND.READY) return ["volume-up-fill", gettext("Sound on"), "good"];
  return ["volume-mute-fill", gettext("Sound blocked"), "bad"];
}

function noticesInWords(state, choices) {
  if (!choices.notices) return ["bell-slash-fill", gettext("Notices off"), ""];
  if (state.notices === NOTICES.GRANTED) return ["bell-fill", gettext("Notices on"), "good"];
  return ["bell-slash-fill", gettext("No notices"), "doubt"];
}

function screenInWords(state) {
  return state.isAwake ? ["display", gettext("Screen stays on"), "good"] : ["display", gettext("Screen may sleep"), "doubt"];
}

function chip([name, words, tone]) {
  return html`<li class="chip ${tone ? `chip-${tone}` : ""}">${icon(name)} <span>${words}</span></li>`;
}

export function watchControls(state, choices, actions) {
  if (!state.isOn) {
    return html`
      <div class="watch">
        <p class="watch-why">${gettext("Calls ring silently here.")}</p>
        <button type="button" class="btn btn-primary" @click=${actions.startWatching}>${icon("bell-fill")} ${gettext("Start watching")}</button>
      </div>
    `;
  }
  const chips = [soundInWords(state, choices), noticesInWords(state, choices), screenInWords(state)];
  return html`
    <div class="watch" data-ringing=${state.isRinging}>
      <ul class="chips" aria-label=${gettext("While you watch")}>${chips.map(chip)}</ul>
      <button type="button" class="btn btn-quiet" @click=${actions.stopWatching}>${gettext("Stop watching")}</button>
    </div>
  `;
}

/** The wall has no button: any touch turns the sound on. */
export function wallHint(state, choices) {
  if (!choices.sound || state.sound === SOUND.READY) return nothing;
  return html`<p class="wall-hint">${icon("volume-mute-fill")} ${gettext("Silent. Press any key for the sound.")}</p>`;
}
