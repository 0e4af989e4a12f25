/** Draws the help panel that lists the keys. */

import { html, nothing, render } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { KEYS } from "./keys.js";
import { gettext } from "./words.js";

/** Labels of keys whose name in `KeyboardEvent.key` is not what keyboards show. */
const SIGNS = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", PageDown: "PgDn", PageUp: "PgUp", Enter: "⏎" };

export class KeyHelp {
  #panel;
  #preferences;

  /** `panel` is a popover; it is drawn each time it opens. */
  constructor(panel, preferences) {
    this.#panel = panel;
    this.#preferences = preferences;
    panel.addEventListener("beforetoggle", ({ newState }) => newState === "open" && this.#draw());
  }

  toggle() {
    this.#panel.togglePopover();
  }

  #draw() {
    const place = this.#panel.querySelector("[data-keys]");
    render(html`${this.#preferences.all.keys ? nothing : off()} ${KEYS.map(group)}`, place);
  }
}

function off() {
  return html`<p class="sheet-off">${gettext("Single keys are switched off in your preferences; only the arrow keys and Tab move.")}</p>`;
}

function group({ title, keys }) {
  return html`
    <section class="sheet-group">
      <h3>${title()}</h3>
      <dl>
        ${keys.map((entry) => html`<div><dt>${entry.keys.map((key) => html`<kbd>${SIGNS[key] ?? key}</kbd> `)}</dt><dd>${entry.words()}</dd></div>`)}
      </dl>
    </section>
  `;
}
