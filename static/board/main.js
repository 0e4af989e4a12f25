/** Creates the board page's objects and connects them. Contains no logic of its own. */

import { preferences } from "../site/panel.js";
import { Sound } from "../site/sound.js";
import { Actions } from "./actions/actions.js";
import { Decisions } from "./actions/decisions.js";
import { Keyboard } from "./actions/keyboard.js";
import { bindKeys } from "./actions/shortcuts.js";
import { announce, Announcer } from "./alerts/announcer.js";
import { Notices } from "./alerts/notices.js";
import { WakeLock } from "./alerts/wake_lock.js";
import { Watch } from "./alerts/watch.js";
import { Chrome } from "./chrome.js";
import { Live } from "./data/live.js";
import { readPage } from "./data/page.js";
import { BoardView } from "./view/board_view.js";
import { KeyHelp } from "./view/key_help.js";
import { timeWriter } from "./view/times.js";
import { Wall } from "./view/wall.js";

const root = document.getElementById("board");
const page = readPage(root);
const people = { me: page.me, time: timeWriter(document.documentElement.lang, page.timeZone) };
const live = new Live(page.socketUrl, { isManned: !page.isWall });
const decisions = new Decisions(live, page);
const announcer = new Announcer(document.getElementById("announcer"));
const notices = new Notices({ isHidden: () => document.visibilityState !== "visible", onClick: () => focus() });
const watch = new Watch({ sound: new Sound(), notices, wakeLock: new WakeLock(), storage: sessionStorage });

for (const element of document.querySelectorAll("[data-until-scripts-run]")) element.remove();
new Chrome(root, { live, attempts: decisions.attempts, page, watch, preferences, announcer });
if (page.isWall) new Wall(root, { live, people, preferences });
else openDesk();
live.start();

/** What only somebody who can do something needs; a wall has no controls. */
function openDesk() {
  const actions = new Actions(live, decisions, page);
  const keyboard = new Keyboard(document, { areOn: () => preferences.all.keys });
  const keyHelp = new KeyHelp(document.getElementById("sheet"), preferences);
  const boardView = new BoardView(root, { live, actions, page, people });
  bindKeys(keyboard, { actions, boardView, decisions, page });
  keyboard.on("key-help", () => keyHelp.toggle());
  announce(announcer, { live, decisions, actions, people });
}
