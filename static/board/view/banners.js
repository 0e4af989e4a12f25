/** Draws the banners at the foot of the page. */

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { icon } from "./icon.js";

export function banners(shown, actions) {
  return shown.map(
    (banner) => html`
      <div class="banner banner-${banner.tone}" data-banner=${banner.name}>
        ${icon(banner.icon)}
        <p>${banner.text}</p>
        ${wayOut(banner.action, actions)}
      </div>
    `,
  );
}

function wayOut(action, actions) {
  if (!action) return nothing;
  if (action.href) return html`<a class="btn btn-sm btn-light" href=${action.href}>${action.label}</a>`;
  return html`<button type="button" class="btn btn-sm btn-light" ?disabled=${action.isHeld} @click=${actions[action.name]}>${action.label}</button>`;
}
