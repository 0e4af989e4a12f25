/** Announces calls, deadlines, outcomes and feed changes to screen readers, each once. */

import { isOpen } from "../data/attempts.js";
import { STATES } from "../data/feed.js";
import { RINGING } from "../data/sections.js";
import { bulkInWords, outcomeOf } from "../view/outcomes.js";
import { nameOf, targetsInWords } from "../view/parties.js";
import { fill, gettext, ngettext } from "../view/words.js";
import { DeadlineAlert } from "./deadline_alert.js";

const HEARD = new Set([STATES.LIVE, STATES.LATE]);

/** Return the announcement of calls that began to ring. */
export function arrivalInWords(calls) {
  if (calls.length > 1) {
    return fill(ngettext("%(count)s call is ringing", "%(count)s calls are ringing", calls.length), { count: calls.length });
  }
  const [call] = calls;
  const values = { caller: nameOf(call.source), target: targetsInWords(call.targets) };
  return fill(values.target ? gettext("%(caller)s is calling %(target)s") : gettext("%(caller)s is calling"), values);
}

/** Return the announcement of calls that are close to their deadline. */
export function deadlineInWords(calls) {
  if (calls.length > 1) {
    const words = ngettext("%(count)s calls have a few seconds left to decide", "%(count)s calls have a few seconds left to decide", calls.length);
    return fill(words, { count: calls.length });
  }
  return fill(gettext("A few seconds left to decide on the call of %(caller)s"), { caller: nameOf(calls[0].source) });
}

/** Least time between two announcements of new calls; calls in between are announced together. Milliseconds. */
const BETWEEN_ARRIVALS = 1500;

export class Announcer {
  #region;

  constructor(region) {
    this.#region = region;
  }

  say(text) {
    const line = document.createElement("p");
    line.textContent = text;
    this.#region.replaceChildren(line);
  }
}

/** Announces each call when it begins to ring, and again near its deadline if it is still undecided. */
class CallsAnnounced {
  #announcer;
  #live;
  #decisions;
  #arrived = [];
  #saidAt = -Infinity;
  #deadlines = new DeadlineAlert();

  constructor(announcer, live, decisions) {
    this.#announcer = announcer;
    this.#live = live;
    this.#decisions = decisions;
    live.addEventListener("arrived", ({ detail }) => this.#arrive(detail));
    live.addEventListener("tick", () => this.#look());
  }

  #arrive(calls) {
    for (const call of calls) this.#deadlines.add(call);
    this.#arrived.push(...calls);
    this.#sayArrived();
  }

  #sayArrived() {
    const now = performance.now();
    if (!this.#arrived.length || now - this.#saidAt < BETWEEN_ARRIVALS) return;
    this.#saidAt = now;
    this.#announcer.say(arrivalInWords(this.#arrived.splice(0)));
  }

  #look() {
    this.#sayArrived();
    const { clock, store, rejectMilliseconds } = this.#live;
    const records = this.#deadlines.due(clock.now(), rejectMilliseconds).map((key) => store.get(key));
    const waiting = records.filter((record) => record && this.#isWaiting(record)).map(({ call }) => call);
    if (waiting.length) this.#announcer.say(deadlineInWords(waiting));
  }

  #isWaiting({ call, belongs, row }) {
    return belongs === RINGING && row.call === call && !call.let_pass && isOpen(call, this.#decisions.attempts.get(call.key));
  }
}

/** Announce calls, deadlines, outcomes and feed changes from now on. */
export function announce(announcer, { live, decisions, actions, people }) {
  new CallsAnnounced(announcer, live, decisions);
  live.addEventListener("feed", ({ detail: { was, is } }) => {
    if (HEARD.has(was) && !HEARD.has(is)) announcer.say(gettext("The live feed is lost."));
    if (was === STATES.LOST && is === STATES.LIVE) announcer.say(gettext("The live feed is back."));
  });
  actions.addEventListener("bulk", ({ detail }) => announcer.say(bulkInWords(detail)));
  decisions.addEventListener("settled", ({ detail: { action, key } }) => {
    const record = live.store.get(key);
    if (record && SAID.has(action)) announcer.say(settledInWords(record, action, decisions, people));
  });
}

/** Actions whose outcome is announced; a bulk rejection is announced once, by its own event. */
const SAID = new Set(["reject", "pass", "note"]);

function settledInWords(record, action, decisions, people) {
  const { key, source } = record.call;
  if (action === "note") return decisions.notes.get(key).status === 200 ? gettext("The note is saved.") : gettext("The note was not recorded.");
  const outcome = outcomeOf(record, { attempt: decisions.attempts.get(key), pass: decisions.passes.get(key) }, people);
  return fill(gettext("Call of %(caller)s: %(outcome)s"), { caller: nameOf(source), outcome: outcome?.text ?? "" });
}
