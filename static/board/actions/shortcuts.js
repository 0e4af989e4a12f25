/** Binds the board's keys to actions and to moves of the focus. */

export function bindKeys(keyboard, { actions, boardView, decisions, page }) {
  const { focus } = boardView;
  const target = () => actions.keysGoTo(focus.row);

  for (const reason of ["none", "busy", "forbidden"]) {
    keyboard.on(`reject-${reason}`, () => decide(actions, decisions, target(), reason) || goToRows(focus));
  }
  keyboard.on("pass", () => on(target(), (row) => decisions.letPass(row)) || goToRows(focus));
  keyboard.on("note", () => on(page.mayReject && focus.row, (row) => actions.writeNote(row.call.key)));
  keyboard.on("select", () => on(page.mayReject && focus.row, (row) => actions.select(row)));
  keyboard.on("select-all", () => page.mayReject && actions.selectAll());
  keyboard.on("cancel", () => actions.unselectAll());
  keyboard.on("expand", () => on(focus.row, (row) => actions.expand(row)));
  keyboard.on("open", () => on(focus.row, (row) => location.assign(page.callUrl(row.call.key))));
  keyboard.on("find", () => find());
  keyboard.on("everything", () => actions.filterBy({ text: "", section: "", state: "", direction: "", tenant: "", target: "" }));
  bindMoves(keyboard, focus);

  actions.addEventListener("leave-finder", () => focus.toFirst() || document.activeElement.blur());
  actions.addEventListener("writing", ({ detail: key }) => {
    boardView.drawNow(); // the field must exist before the next key press
    focusNote(key);
  });
}

function bindMoves(keyboard, focus) {
  const move = (step) => () => focus.move(step);
  /** Without a focused row these keys scroll the page, as everywhere. */
  const within = (step) => () => (focus.row ? focus.move(step) : false);
  keyboard.on("next", move((window, index) => index + 1));
  keyboard.on("previous", move((window, index) => index - 1));
  keyboard.on("page-down", within((window, index) => Math.max(index + 1, window.aPageFrom(index, 1))));
  keyboard.on("page-up", within((window, index) => Math.min(index - 1, window.aPageFrom(index, -1))));
  keyboard.on("first", within(() => 0));
  keyboard.on("last", within((window) => window.count - 1));
}

/** Call `run(row)` if there is a row; return whether there was one. */
function on(row, run) {
  if (row) run(row);
  return Boolean(row);
}

/** Reject the selected rows, else the given row; return whether there was anything to reject. */
function decide(actions, decisions, row, reason) {
  if (actions.selection.size) return on(true, () => actions.rejectSelected(reason));
  return on(row, () => decisions.reject(row, reason));
}

/** A key without a target decides nothing; it moves the focus to the first row. */
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
