/** Draws the feed's state: headline, explanation, and a button or link to recover. */

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { STATES } from "../data/feed.js";
import { icon } from "./icon.js";
import { fill, gettext, ngettext } from "./words.js";

/** After this many failed tries without any frame, the text suspects a proxy that blocks WebSockets. */
const TRIES_BEFORE_HINT = 4;

const ICONS = {
  [STATES.CONNECTING]: "arrow-repeat",
  [STATES.LIVE]: "broadcast",
  [STATES.LATE]: "hourglass-split",
  [STATES.LOST]: "cloud-slash",
  [STATES.SIGNED_OUT]: "key",
  [STATES.NO_RIGHT]: "shield-lock",
};

function headline(feed, now) {
  const words = {
    [STATES.CONNECTING]: () => gettext("Connecting…"),
    [STATES.LIVE]: () => gettext("Live"),
    [STATES.LATE]: () => ago(gettext("Late: last heard from %(time)s ago"), feed.lastFrameAt, now),
    [STATES.LOST]: () => ago(gettext("Feed lost %(time)s ago"), feed.lostAt, now),
    [STATES.SIGNED_OUT]: () => gettext("Signed out"),
    [STATES.NO_RIGHT]: () => gettext("No right to see the board"),
  };
  return words[feed.state]();
}

function ago(text, moment, now) {
  const seconds = Math.max(0, Math.round((now - moment) / 1000));
  const minutes = Math.floor(seconds / 60);
  const time = minutes
    ? fill(ngettext("%(count)s min", "%(count)s min", minutes), { count: minutes })
    : fill(ngettext("%(count)s s", "%(count)s s", seconds), { count: seconds });
  return fill(text, { time });
}

function explanation(feed) {
  if (feed.state === STATES.LATE) return gettext("This list may be old. Rejecting still works.");
  if (feed.state === STATES.SIGNED_OUT) return gettext("Calls are no longer shown here. Sign in to see them.");
  if (feed.state === STATES.NO_RIGHT) return gettext("Calls are no longer shown here. Ask an administrator for the right.");
  if (feed.state !== STATES.LOST) return "";
  if (!feed.everLive && feed.failures >= TRIES_BEFORE_HINT) {
    return gettext("No live connection ever opened here: a proxy between you and the dashboard may block WebSockets.");
  }
  return gettext("This list may be old. Rejecting still works.");
}

function nextTry(feed, now) {
  if (feed.state !== STATES.LOST) return "";
  if (feed.retryAt === null) return gettext("Trying…");
  const count = Math.max(1, Math.ceil((feed.retryAt - now) / 1000));
  return fill(ngettext("Next try in %(count)s s.", "Next try in %(count)s s.", count), { count });
}

function wayOut(feed, urls) {
  if (feed.state === STATES.LOST || feed.state === STATES.LATE) {
    return html`<button type="button" class="btn btn-sm btn-light" @click=${() => feed.renew()}>${gettext("Connect now")}</button>`;
  }
  if (feed.state === STATES.SIGNED_OUT) {
    return html`<a class="btn btn-sm btn-light" href=${urls.login}>${gettext("Sign in")}</a>`;
  }
  if (feed.state === STATES.NO_RIGHT) {
    return html`<a class="btn btn-sm btn-light" href=${urls.login}>${gettext("Use another account")}</a>`;
  }
  return nothing;
}

export function connection(feed, now, urls) {
  return html`
    <p class="connection connection-${feed.state}">
      ${icon(ICONS[feed.state])}
      <strong class="connection-state">${headline(feed, now)}</strong>
      <span class="connection-more">${explanation(feed)} ${nextTry(feed, now)}</span>
      ${wayOut(feed, urls)}
    </p>
  `;
}
