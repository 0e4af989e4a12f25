/** The parts of a browser that the scripts use, for tests; import this before the module under test. */

/** A WebSocket that the test drives: it delivers frames and closes when the test says so. */
export class Socket {
  static OPEN = 1;
  static made = [];
  readyState = 1;
  sent = [];

  constructor(url) {
    this.url = url;
    Socket.made.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  deliver(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

/** The document: visible unless a test says otherwise, with the two factories that lit-html calls when it is loaded. */
export const page = Object.assign(new EventTarget(), {
  visibilityState: "visible",
  cookie: "csrftoken=token",
  createComment: () => ({}),
  createTreeWalker: () => ({}),
  getElementById: () => null,
});

Object.assign(globalThis, { document: page, WebSocket: Socket });

/** Return the text of a lit-html template and of the templates in it, without tags. */
export function textOf(template) {
  return markupOf(template).replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim();
}

/** Return a lit-html template as markup, with values in their places; functions are left out. */
export function markupOf(value) {
  if (Array.isArray(value)) return value.map(markupOf).join("");
  if (value?.strings) return value.strings.map((part, index) => part + markupOf(value.values[index])).join("");
  return ["string", "number", "boolean"].includes(typeof value) ? String(value) : "";
}
