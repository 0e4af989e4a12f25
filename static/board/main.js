/** Puts the live board together. Every line joins modules; none decides anything itself. */

import { preferences } from "../site/panel.js";
import { announce, Announcer } from "./announcer.js";
import { Decisions } from "./decisions.js";
import { Desk } from "./desk.js";
import { Keyboard } from "./keys.js";
import { Live } from "./live.js";
import { Notices } from "./notices.js";
import { readPage } from "./page.js";
import { Picture } from "./picture.js";
import { Sheet } from "./sheet.js";
import { bindKeys } from "./shortcuts.js";
import { Sound } from "./sound.js";
import { Surroundings } from "./surroundings.js";
import { timeWriter } from "./times.js";
import { WakeLock } from "./wakelock.js";
import { Wall } from "./wall.js";
import { Watch } from "./watch.js";

const root = document.getElementById("board");
const page = readPage(root);
const people = { me: page.me, time: timeWriter(document.documentElement.lang, page.timeZone) };
const live = new Live(page.socketUrl, { isManned: !page.isWall });
const decisions = new Decisions(live, page);
const announcer = new Announcer(document.getElementById("announcer"));
const notices = new Notices({ isHidden: () => document.visibilityState !== "visible", onClick: () => focus() });
const watch = new Watch({ sound: new Sound(), notices, wakeLock: new WakeLock(), storage: sessionStorage });

for (const element of document.querySelectorAll("[data-until-scripts-run]")) element.remove();
new Surroundings(root, { live, attempts: decisions.attempts, page, watch, preferences, announcer });
if (page.isWall) new Wall(root, { live, people, preferences });
else openDesk();
live.start();

/** What only somebody who can do something needs; a wall has no controls. */
function openDesk() {
  const desk = new Desk(live, decisions, page);
  const keyboard = new Keyboard(document, { areOn: () => preferences.all.keys });
  const sheet = new Sheet(document.getElementById("sheet"), preferences);
  const picture = new Picture(root, { live, desk, page, people });
  bindKeys(keyboard, { desk, picture, decisions, page });
  keyboard.on("sheet", () => sheet.toggle());
  announce(announcer, { live, decisions, desk, people });
}
