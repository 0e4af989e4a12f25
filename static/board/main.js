/** Puts the live board together: frames in, pictures out, decisions to the server. */

import { render } from "../vendor/lit-html-3.3.3/lit-html.js";
import { Announcer, arrivalInWords } from "./announcer.js";
import { Attempts, isOpen } from "./attempts.js";
import { quiet, ringing } from "./board.js";
import { ServerClock } from "./clock.js";
import { connection } from "./connection.js";
import { Feed, STATES } from "./feed.js";
import { keepingFocus } from "./focus.js";
import { LayoutHold } from "./layout.js";
import { outcomeOf } from "./outcomes.js";
import { nameOf } from "./parties.js";
import { cookie, sendReject } from "./reject.js";
import { ENDED, PROGRESS, RINGING } from "./sections.js";
import { Store } from "./store.js";
import { fill, gettext } from "./words.js";

const TICK = 250; // milliseconds between redraws of what is counted; what is shown never depends on it

const root = document.getElementById("board");
const page = root.dataset;
const places = {
  connection: document.getElementById("connection"),
  ringing: document.getElementById("ringing"),
  progress: document.getElementById("progress"),
  ended: document.getElementById("ended"),
};
const heading = document.getElementById("ringing-heading");
const title = document.title;
const times = new Intl.DateTimeFormat(document.documentElement.lang, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZone: page.timeZone,
});

const clock = new ServerClock();
const store = new Store();
const attempts = new Attempts();
const announcer = new Announcer(document.getElementById("announcer"));
const hold = new LayoutHold(places.ringing);
const shownAt = new Map();
const feed = new Feed(socketUrl(page.socketPath), { onFrame: receive, onState: tellState });
let told = feed.state;

function socketUrl(path) {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;
}

function receive(frame) {
  if (frame.server_time) clock.observe(frame.server_time);
  const arrived = store.apply(frame, performance.now());
  if (arrived.length) announcer.say(arrivalInWords(arrived));
  draw();
}

function tellState() {
  const wasLive = told === STATES.LIVE || told === STATES.LATE;
  if (wasLive && ![STATES.LIVE, STATES.LATE].includes(feed.state)) announcer.say(gettext("The live feed is lost."));
  if (told === STATES.LOST && feed.state === STATES.LIVE) announcer.say(gettext("The live feed is back."));
  if ([STATES.SIGNED_OUT, STATES.NO_RIGHT].includes(feed.state)) store.clear();
  told = feed.state;
  draw();
}

function time(moment) {
  const at = Date.parse(moment ?? "");
  return Number.isNaN(at) ? gettext("a time not told") : times.format(at);
}

async function reject(key, reason) {
  const record = store.get(key);
  if (!record || !isOpen(record.call, attempts.get(key))) return;
  attempts.begin(key, reason);
  draw();
  const answer = await sendReject(`${callUrl(key)}reject/`, { reason, seen: seen(record.call), csrfToken: cookie(page.csrfCookie) });
  attempts.settle(key, answer);
  draw();
  announceOutcome(key);
}

function announceOutcome(key) {
  const record = store.get(key);
  const outcome = record && outcomeOf(record, attempts.get(key), view());
  if (outcome) {
    const values = { caller: nameOf(record.call.source), outcome: outcome.text };
    announcer.say(fill(gettext("Call of %(caller)s: %(outcome)s"), values));
  }
}

/** What this person had in front of them when deciding, for the audit history. */
function seen(call) {
  const shown = shownAt.get(call.key);
  return {
    version: call.version,
    shown_at: shown === undefined ? null : new Date(shown).toISOString(),
    visible: document.visibilityState === "visible",
  };
}

function noteWhatIsShown() {
  if (document.visibilityState !== "visible") return;
  for (const { call } of store.section(RINGING)) if (!shownAt.has(call.key)) shownAt.set(call.key, clock.now());
}

function callUrl(key) {
  return page.callUrl.replace(page.anyKey, key);
}

function view() {
  return {
    now: clock.now(),
    known: store.known,
    state: feed.state,
    attempts,
    mayReject: page.mayReject === "true",
    me: page.me,
    time,
    callUrl,
    reject,
  };
}

function draw() {
  store.tidy(performance.now(), (record) => record.place === RINGING && hold.holds(record));
  const shown = view();
  keepingFocus(root, heading, () => {
    render(connection(feed, performance.now(), { login: page.loginUrl }), places.connection);
    render(ringing(store.section(RINGING), shown), places.ringing);
    render(quiet(store.section(PROGRESS), shown, gettext("No call is in progress.")), places.progress);
    render(quiet(store.section(ENDED), shown, gettext("No call has just ended.")), places.ended);
  });
  root.dataset.feed = feed.state;
  document.title = titleNow();
  noteWhatIsShown();
}

function titleNow() {
  if (feed.state !== STATES.LIVE && feed.state !== STATES.CONNECTING) return `(!) ${title}`;
  const count = store.ringingCount();
  return count ? `(${count}) ${title}` : title;
}

function tick() {
  feed.check();
  attempts.forget((key) => store.get(key));
  for (const key of shownAt.keys()) if (!store.get(key)) shownAt.delete(key);
  draw();
}

document.addEventListener("visibilitychange", () => {
  feed.setVisible(document.visibilityState === "visible");
  if (document.visibilityState === "visible") feed.retry();
  draw();
});
addEventListener("online", () => feed.retry());

for (const element of document.querySelectorAll("[data-until-scripts-run]")) element.remove();
feed.setVisible(document.visibilityState === "visible");
feed.start();
setInterval(tick, TICK);
draw();
