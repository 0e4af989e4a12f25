/** How one call is drawn, in each section of the board. */

import { html, nothing } from "../vendor/lit-html-3.3.3/lit-html.js";
import { isOpen, isUndecided } from "./attempts.js";
import { cssVariable } from "./cssvar.js";
import { icon } from "./icon.js";
import { ICONS, outcomeOf } from "./outcomes.js";
import { kindInWords, modalityInWords, nameOf, stateInWords, targetsInWords } from "./parties.js";
import { ENDED, RINGING } from "./sections.js";
import { timeLeft } from "./timeleft.js";
import { fill, gettext } from "./words.js";

/** Draw a row of the ringing section; it keeps its height when the call moves on. */
export function ringingRow(record, view) {
  const { call } = record;
  const attempt = view.attempts.get(call.key);
  const over = record.belongs !== RINGING;
  const open = !over && view.mayReject && isOpen(call, attempt);
  return html`
    <li class="call call-ringing ${over ? "call-over" : ""}" data-key=${call.key} tabindex="-1">
      ${who(call, view)} ${!over && isUndecided(call, attempt) ? countdown(call, view.now) : nothing}
      <div class="call-acts ${open ? "call-acts-open" : ""}">
        ${outcome(record, attempt, view)} ${open ? buttons(call, view) : nothing}
      </div>
    </li>
  `;
}

/** Draw a row of the two quieter sections. */
export function quietRow(record, view) {
  const { call } = record;
  const attempt = view.attempts.get(call.key);
  return html`
    <li class="call" data-key=${call.key} tabindex="-1">
      ${who(call, view)}
      <div class="call-acts">${record.belongs === ENDED ? nothing : state(call, view)} ${outcome(record, attempt, view)}</div>
    </li>
  `;
}

function who(call, view) {
  const caller = call.source;
  return html`
    <div class="call-who">
      <h3 class="call-name">
        ${icon(directionIcon(call))} <a href=${view.callUrl(call.key)}>${nameOf(caller)}</a>
      </h3>
      <p class="call-id" title=${caller?.name ? caller.id : ""}>${caller ? kindInWords(caller.kind) : ""} <span class="id">${caller?.name ? caller.id : ""}</span></p>
      <p class="call-facts">${facts(call, view).map((fact) => html`<span>${fact}</span>`)}</p>
    </div>
  `;
}

function directionIcon(call) {
  return call.direction === "outgoing" ? "telephone-outbound-fill" : "telephone-inbound-fill";
}

function facts(call, view) {
  const target = targetsInWords(call.targets);
  return [
    target && fill(gettext("to %(target)s"), { target }),
    (call.modalities ?? []).map(modalityInWords).join(", "),
    call.policy_recording && gettext("policy recording"),
    fill(gettext("since %(time)s"), { time: view.time(call.received_at) }),
  ].filter(Boolean);
}

function countdown(call, now) {
  const left = timeLeft(call, now);
  if (!left) return html`<p class="left left-unknown">${gettext("Time left is not known")}</p>`;
  return html`
    <div class="left left-${left.phase}">
      <p class="left-words">
        <span class="left-seconds">${left.seconds}</span> ${gettext("s")}
        <span class="left-phase">${leftInWords(left.phase)}</span>
      </p>
      <div class="left-bar" aria-hidden="true" ${cssVariable("--left", left.fraction.toFixed(3))}></div>
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

function outcome(record, attempt, view) {
  const found = outcomeOf(record, attempt, view);
  if (!found) return nothing;
  return html`<p class="outcome outcome-${found.tone}">${icon(ICONS[found.tone])} <span>${found.text}</span></p>`;
}

function state(call, view) {
  const since = call.established_at ? fill(gettext("answered at %(time)s"), { time: view.time(call.established_at) }) : "";
  return html`<p class="call-state">${stateInWords(call.state)}${since ? html`, ${since}` : nothing}</p>`;
}

function buttons(call, view) {
  const choices = [
    ["none", gettext("Reject")],
    ["busy", gettext("Reject: busy")],
    ["forbidden", gettext("Reject: forbidden")],
  ];
  return html`
    <div class="call-buttons" role="group" aria-label=${fill(gettext("Reject the call of %(caller)s"), { caller: nameOf(call.source) })}>
      ${choices.map(
        ([reason, label]) => html`
          <button
            type="button"
            class="btn ${reason === "none" ? "btn-danger" : "btn-reason"}"
            data-reason=${reason}
            @click=${() => view.reject(call.key, reason)}
          >
            ${label}
          </button>
        `,
      )}
    </div>
  `;
}
