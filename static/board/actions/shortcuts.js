/** What the keys do on the board. */


/** Let the keyboard work on what the desk and the picture offer. */
export function bindKeys(keyboard, { desk, picture, decisions, page }) {
  const { focus } = picture;
  const target = () => desk.keysGoTo(focus.row);

  for (const reason of ["none", "busy", "forbidden"]) {
    keyboard.on(`reject-${reason}`, () => decide(desk, decisions, target(), reason) || goToRows(focus));
  }
  keyboard.on("pass", () => on(target(), (row) => decisions.letPass(row)) || goToRows(focus));
  keyboard.on("note", () => on(page.mayReject && focus.row, (row) => desk.writeNote(row.call.key)));
  keyboard.on("select", () => on(page.mayReject && focus.row, (row) => desk.select(row)));
  keyboard.on("select-all", () => page.mayReject && desk.selectAll());
  keyboard.on("cancel", () => desk.unselectAll());
  keyboard.on("expand", () => on(focus.row, (row) => desk.expand(row)));
  keyboard.on("open", () => on(focus.row, (row) => location.assign(page.callUrl(row.call.key))));
  keyboard.on("find", () => find());
  keyboard.on("everything", () => desk.filterBy({ text: "", section: "", state: "", direction: "", tenant: "", target: "" }));
  bindMoves(keyboard, focus);

  desk.addEventListener("leave-finder", () => focus.toFirst() || document.activeElement.blur());
  desk.addEventListener("writing", ({ detail: key }) => {
    picture.drawNow(); // the next key may come before the next frame, and belongs to the note
    focusNote(key);
  });
}

function bindMoves(keyboard, focus) {
  const move = (step) => () => focus.move(step);
  /** Keys that scroll a page as well are left to it while no row has the focus. */
  const within = (step) => () => (focus.row ? focus.move(step) : false);
  keyboard.on("next", move((window, index) => index + 1));
  keyboard.on("previous", move((window, index) => index - 1));
  keyboard.on("page-down", within((window, index) => Math.max(index + 1, window.aPageFrom(index, 1))));
  keyboard.on("page-up", within((window, index) => Math.min(index - 1, window.aPageFrom(index, -1))));
  keyboard.on("first", within(() => 0));
  keyboard.on("last", within((window) => window.count - 1));
}

/** Do something with a row if there is one; return whether there was. */
function on(row, act) {
  if (row) act(row);
  return Boolean(row);
}

/** Reject what is selected, else the row that keys go to; return whether there was anything to reject. */
function decide(desk, decisions, row, reason) {
  if (desk.selection.size) return on(true, () => desk.rejectSelected(reason));
  return on(row, () => decisions.reject(row, reason));
}

/** Where it is not clear which row is meant, the first one gets the focus, and nothing is decided. */
function goToRows(focus) {
  if (!focus.row) focus.toFirst();
  return false;
}

function find() {
  const field = document.querySelector("#finder input");
  field.focus();
  field.select();
}

function focusNote(key) {
  document.querySelector(`[data-key="${CSS.escape(key)}"] .call-noting input`)?.focus();
}
