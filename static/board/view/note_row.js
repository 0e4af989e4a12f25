/** Draws the note of a row: the text, the offer to write one, or the field. */

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { RINGING } from "../data/sections.js";
import { icon } from "./icon.js";
import { nameOf } from "./parties.js";
import { fill, gettext } from "./words.js";

const LONGEST_NOTE = 500;

/** Whether the user may write a note: who decided the call; on an undecided call everybody who may reject. */
export function takesNote({ call, belongs }, { mayReject, me, decisions }) {
  if (!mayReject) return false;
  const { decision } = call;
  if (decision && decision.outcome !== "refused") return decision.by === me;
  return belongs !== RINGING || decisions.attempts.get(call.key)?.status === 202;
}

export function noteOn(record, view) {
  if (!takesNote(record, view)) return noteInWords(record.call.decision?.note);
  const { key } = record.call;
  const draft = view.notes.draftOn(key);
  return draft === null ? noteOffer(record, view) : noteField(record, draft, view);
}

function noteInWords(note) {
  return note ? html`<p class="call-note" title=${note}>“${note}”</p>` : nothing;
}

function noteOffer({ call }, view) {
  const sent = view.decisions.notes.get(call.key);
  const note = sent?.body.note ?? call.decision?.note;
  return html`
    <div class="call-noting">
      ${noteInWords(note)}
      <button type="button" class="btn btn-sm btn-quiet" @click=${() => view.actions.writeNote(call.key, note ?? "")}>
        ${icon("pencil-square")} ${note ? gettext("Change the note") : gettext("Add a note")}
      </button>
    </div>
  `;
}

function noteField({ call }, draft, view) {
  const sent = view.decisions.notes.get(call.key);
  const label = fill(gettext("Note on the call of %(caller)s"), { caller: nameOf(call.source) });
  return html`
    <form
      class="call-noting"
      @submit=${(event) => {
        event.preventDefault();
        view.actions.saveNote(call);
      }}
    >
      <input
        class="form-control form-control-sm"
        aria-label=${label}
        placeholder=${gettext("Why? (for the audit history)")}
        maxlength=${LONGEST_NOTE}
        .value=${draft}
        @input=${(event) => view.notes.write(call.key, event.target.value)}
        @keydown=${(event) => event.key === "Escape" && view.actions.closeNote(call.key)}
      />
      <button type="submit" class="btn btn-sm btn-quiet" ?disabled=${sent?.sending}>${gettext("Save")}</button>
      ${sent && !sent.sending && sent.status !== 200 ? noteFailure(sent) : nothing}
    </form>
  `;
}

function noteFailure({ body }) {
  return html`<p class="outcome outcome-bad" role="alert">${icon("x-octagon-fill")} <span>${body.message || gettext("The note was not recorded. Try again.")}</span></p>`;
}
