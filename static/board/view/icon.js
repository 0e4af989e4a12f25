/** Draws an icon from the sprite; hidden from screen readers, since every icon has text beside it. */

import { html } from "../../vendor/lit-html-3.3.3/lit-html.js";

const sprite = document.getElementById("board")?.dataset.sprite ?? "";

export function icon(name) {
  return html`<svg class="icon" aria-hidden="true" focusable="false"><use href="${sprite}#${name}"></use></svg>`;
}
