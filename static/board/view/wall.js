/** Draws the wall board: no controls, large type. */

import { repeat } from "../../vendor/lit-html-3.3.3/directives/repeat.js";
import { html, nothing, render } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { isFresh, STATES } from "../data/feed.js";
import { PROGRESS } from "../data/sections.js";
import { timeLeft } from "../data/time_left.js";
import { cssVariable } from "./css_variable.js";
import { icon } from "./icon.js";
import { nameOf, targetsInWords } from "./parties.js";
import { fill, gettext, ngettext } from "./words.js";

/** Number of calls that fit; the oldest are shown, since they have the least time left. */
const ROWS = { comfortable: 5, dense: 9 };

export class Wall {
  #place;
  #live;
  #people;
  #preferences;

  constructor(root, { live, people, preferences }) {
    this.#place = root.querySelector("#wall");
    this.#live = live;
    this.#people = people;
    this.#preferences = preferences;
    live.addEventListener("change", () => this.#draw());
  }

  #draw() {
    const { clock, store, feed, rejectMilliseconds } = this.#live;
    const now = clock.now();
    const calls = [...store.ringingRows()].map((row) => row.lead.call);
    const shown = calls.slice(0, ROWS[this.#preferences.all.density]);
    const view = { now, rejectMilliseconds, time: this.#people.time };
    render(
      html`
        ${counts(calls.length, store.list(PROGRESS).all.length, isFresh(feed), this.#people.time(new Date(now).toISOString()))}
        ${calls.length ? list(shown, view) : blank(feed)}
        <p class="wall-more">${more(calls.length - shown.length)}</p>
      `,
      this.#place,
    );
  }
}

function counts(ringing, progress, isKnown, time) {
  return html`
    <div class="wall-counts">
      <p class="wall-ringing ${ringing ? "wall-some" : ""}"><strong>${isKnown ? ringing : "?"}</strong> ${gettext("ringing now")}</p>
      <p class="wall-progress"><strong>${isKnown ? progress : "?"}</strong> ${gettext("in progress")}</p>
      <p class="wall-clock"><time>${time}</time></p>
    </div>
  `;
}

function list(calls, view) {
  return html`<ol class="wall-calls">${repeat(calls, (call) => call.key, (call) => row(call, view))}</ol>`;
}

function row(call, view) {
  const target = targetsInWords(call.targets);
  return html`
    <li class="wall-call" data-key=${call.key}>
      <p class="wall-who"><strong>${nameOf(call.source)}</strong> ${target ? html`<span>${fill(gettext("to %(target)s"), { target })}</span>` : nothing}</p>
      ${how(call, view)}
    </li>
  `;
}

function how(call, { now, rejectMilliseconds, time }) {
  if (call.decision && call.decision.outcome !== "refused") return said(fill(gettext("rejected by %(by)s"), call.decision), "person-x-fill");
  if (call.let_pass) return said(fill(gettext("let pass by %(by)s"), call.let_pass), "bell-slash-fill");
  const left = timeLeft(call, now, rejectMilliseconds);
  if (!left) return said(fill(gettext("since %(time)s"), { time: time(call.received_at) }), "telephone-inbound-fill");
  return html`
    <div class="wall-left wall-left-${left.phase}">
      <p><strong>${left.seconds}</strong> ${gettext("s")}</p>
      <div class="wall-bar" ${cssVariable("--left", left.fraction.toFixed(3))}></div>
    </div>
  `;
}

function said(text, name) {
  return html`<p class="wall-said">${icon(name)} ${text}</p>`;
}

function more(count) {
  return count > 0 ? fill(ngettext("and %(count)s more", "and %(count)s more", count), { count }) : "";
}

function blank(feed) {
  const [name, words] = blankWords(feed);
  return html`<div class="wall-blank">${icon(name)}<p>${words}</p></div>`;
}

function blankWords(feed) {
  if (isFresh(feed)) return ["moon-stars", gettext("Nothing is ringing")];
  if (feed.state === STATES.CONNECTING) return ["arrow-repeat", gettext("Loading the calls…")];
  return ["question-circle-fill", gettext("Whether anything rings cannot be told")];
}
