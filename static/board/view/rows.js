/** Draws one row in each section of the board. */

import { html, nothing, render } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { isUndecided } from "../data/attempts.js";
import { ENDED, RINGING } from "../data/sections.js";
import { timeLeft } from "../data/time_left.js";
import { cssVariable } from "./css_variable.js";
import { icon } from "./icon.js";
import { keyFor } from "./keys.js";
import { noteOn } from "./note_row.js";
import { ICONS, outcomeOf, rangUnseen } from "./outcomes.js";
import { kindInWords, modalityInWords, nameOf, stateInWords, targetsInWords } from "./parties.js";
import { fill, gettext, ngettext } from "./words.js";

/** Longest text that fits below the buttons; rows must not grow there by themselves. */
const FITS = 60;

/** Draw a row of the ringing section into its element. */
export function drawRinging(row, element, view) {
  const open = view.decisions.canReject(row);
  const over = row.belongs !== RINGING;
  const counts = !over && isUndecided(row.call, view.decisions.attempts.get(row.call.key));
  const isSettled = !(view.mayReject ? open : counts) || isQuiet(row, view);
  describe(row, element, ["call-ringing", over && "call-over", isSettled && "call-settled", view.selection.has(row) && "call-selected"]);
  render(
    html`
      ${view.mayReject ? pick(row, open, view) : nothing} ${who(row, view)} ${counts ? countdown(row.call, view) : nothing}
      <div class="call-acts ${open ? "call-acts-open" : ""} ${counts ? "" : "call-acts-wide"}">
        ${open ? buttons(row, view) : nothing}
        <div class="call-after ${row.isOpened ? "call-after-whole" : ""}">${outcome(row.lead, view, row)} ${open ? passing(row, view) : noteOn(row.lead, view)}</div>
      </div>
      ${row.isOpened && row.records.length > 1 ? callsOf(row, view) : nothing}
    `,
    element,
  );
}

/** Draw a row of the other two sections into its element. */
export function drawQuiet(row, element, view) {
  describe(row, element, [row.place === ENDED ? "call-ended" : "call-progress"]);
  render(
    html`
      ${who(row, view)}
      <div class="call-acts">
        ${row.belongs === ENDED ? nothing : state(row.call, view)} ${outcome(row.lead, view)} ${unseen(row.lead)}
        ${row.belongs === ENDED ? noteOn(row.lead, view) : nothing}
      </div>
      ${row.isOpened ? callsOf(row, view) : nothing}
    `,
    element,
  );
}

function describe(row, element, kinds) {
  const recording = row.lead.recordedChain && "call-recording";
  const names = ["call", ...kinds, recording].filter(Boolean).join(" ");
  if (element.className !== names) element.className = names;
  element.dataset.key = row.call.key;
}

function isQuiet({ call, belongs }, { decisions }) {
  return belongs === RINGING && Boolean(call.let_pass || decisions.isPassing(call));
}

function pick(row, open, view) {
  const caller = nameOf(row.call.source);
  return html`
    <label class="call-pick">
      ${open
        ? html`<input
            type="checkbox"
            class="form-check-input"
            aria-label=${fill(gettext("Select the call of %(caller)s"), { caller })}
            .checked=${view.selection.has(row)}
            @click=${(event) => view.actions.select(row, event.target.checked, event.shiftKey)}
          />`
        : nothing}
    </label>
  `;
}

function who(row, view) {
  const { call } = row;
  const caller = call.source;
  return html`
    <div class="call-who">
      <h3 class="call-name">
        ${icon(directionIcon(call))} <a href=${view.callUrl(call.key)}>${nameOf(caller)}</a>
      </h3>
      <p class="call-id" title=${caller?.name ? caller.id : ""}>${caller ? kindInWords(caller.kind) : ""} <span class="id">${caller?.name ? caller.id : ""}</span></p>
      <p class="call-facts">${facts(row, view).map((fact) => html`<span>${fact}</span>`)} ${opener(row, view)}</p>
    </div>
  `;
}

function directionIcon(call) {
  return call.direction === "outgoing" ? "telephone-outbound-fill" : "telephone-inbound-fill";
}

function facts(row, view) {
  const { call } = row;
  const target = targetsInWords(call.targets);
  return [
    target && fill(gettext("to %(target)s"), { target }),
    (call.modalities ?? []).map(modalityInWords).join(", "),
    call.policy_recording && recordingInWords(view.store.recordingOf(row)),
    fill(gettext("since %(time)s"), { time: view.time(call.received_at) }),
  ].filter(Boolean);
}

function recordingInWords(recording) {
  if (!recording) return gettext("policy recording");
  return fill(gettext("policy recording, call %(number)s of %(of)s"), recording);
}

function opener(row, view) {
  const count = row.records.length;
  if (count < 2) return nothing;
  return html`
    <button type="button" class="call-opener" aria-expanded=${row.isOpened} @click=${() => view.actions.expand(row)}>
      ${fill(ngettext("%(count)s call", "%(count)s calls", count), { count })} ${icon(row.isOpened ? "chevron-up" : "chevron-down")}
    </button>
  `;
}

function callsOf(row, view) {
  const newestFirst = row.records.toReversed();
  return html`
    <ol class="call-calls" aria-label=${gettext("Calls of this person, newest first")}>
      ${newestFirst.map(
        (record) => html`
          <li>
            <a href=${view.callUrl(record.call.key)}>${view.time(record.call.received_at)}</a>
            <span>${stateInWords(record.call.state)}</span>
            ${record === row.lead && record.belongs === RINGING ? html`<strong>${gettext("a rejection goes to this one")}</strong>` : nothing}
            ${outcome(record, view)}
          </li>
        `,
      )}
    </ol>
  `;
}

function countdown(call, view) {
  const left = timeLeft(call, view.now, view.rejectMilliseconds);
  if (!left) return html`<p class="left left-unknown">${gettext("Time left is not known")}</p>`;
  return html`
    <div class="left left-${left.phase}">
      <p class="left-words">
        <span class="left-seconds">${left.seconds}</span> ${gettext("s")}
        <span class="left-phase">${leftInWords(left.phase)}</span>
      </p>
      <div
        class="left-bar"
        aria-hidden="true"
        ${cssVariable("--left", left.fraction.toFixed(3))}
        ${cssVariable("--safe", left.safe.toFixed(3))}
      ></div>
    </div>
  `;
}

function leftInWords(phase) {
  const words = {
    open: gettext("left to decide"),
    hurry: gettext("may be too late"),
    closed: gettext("time is over"),
  };
  return words[phase];
}

function outcome(record, view, row = null) {
  const { attempts, passes } = view.decisions;
  const { key } = record.call;
  const found = outcomeOf(record, { attempt: attempts.get(key), pass: passes.get(key) }, view);
  if (!found) return nothing;
  return html`
    <p class="outcome outcome-${found.tone}" title=${found.text}>
      ${icon(ICONS[found.tone])} <span>${found.text} ${wayOut(found.way, view)}</span>
      ${row && found.text.length > FITS && view.decisions.canReject(row) ? wholeText(row, view) : nothing}
    </p>
  `;
}

function wayOut(way, view) {
  if (way === "sign-in") return html`<a href=${view.loginUrl}>${gettext("Sign in")}</a>`;
  if (way === "reload") return html`<a href="">${gettext("Reload")}</a>`;
  return nothing;
}

function wholeText(row, view) {
  return html`
    <button type="button" class="call-opener" aria-expanded=${row.isOpened} @click=${() => view.actions.expand(row)}>
      ${row.isOpened ? gettext("Less") : gettext("More")}
    </button>
  `;
}

function unseen(record) {
  if (!rangUnseen(record)) return nothing;
  return html`<p class="call-unseen">${icon("eye-slash-fill")} <span>${gettext("Rang unseen: no supervisor was watching.")}</span></p>`;
}

function state(call, view) {
  const since = call.established_at ? fill(gettext("answered at %(time)s"), { time: view.time(call.established_at) }) : "";
  return html`<p class="call-state">${stateInWords(call.state)}${since ? html`, ${since}` : nothing}</p>`;
}

const CHOICES = [
  ["none", () => gettext("Reject")],
  ["busy", () => gettext("Reject: busy")],
  ["forbidden", () => gettext("Reject: forbidden")],
];

/** The three reject buttons, for one row or for the selected ones. */
export function reasonButtons(label, choose, keysAreShown) {
  return html`
    <div class="call-buttons" role="group" aria-label=${label}>
      ${CHOICES.map(
        ([reason, words]) => html`
          <button
            type="button"
            class="btn ${reason === "none" ? "btn-danger" : "btn-reason"}"
            data-reason=${reason}
            aria-keyshortcuts=${keyFor(`reject-${reason}`)}
            @click=${() => choose(reason)}
          >
            ${words()} ${hint(`reject-${reason}`, keysAreShown)}
          </button>
        `,
      )}
    </div>
  `;
}

/** The key of an action, shown on the row that keys decide on. */
function hint(action, isShown) {
  return isShown ? html`<kbd aria-hidden="true">${keyFor(action)}</kbd>` : nothing;
}

function buttons(row, view) {
  const label = fill(gettext("Reject the call of %(caller)s"), { caller: nameOf(row.call.source) });
  return reasonButtons(label, (reason) => view.actions.reject(row, reason), view.keysGoTo === row);
}

function passing(row, view) {
  if (isQuiet(row, view)) return nothing;
  return html`
    <button type="button" class="btn btn-sm btn-quiet call-pass" aria-keyshortcuts=${keyFor("pass")} @click=${() => view.actions.pass(row)}>
      ${icon("bell-slash-fill")} <span class="call-pass-words">${gettext("Let pass")}</span> ${hint("pass", view.keysGoTo === row)}
    </button>
  `;
}
