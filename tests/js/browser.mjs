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

/** A target of events that can forget who listens, so that the page of one test does not hear the next. */
class Target {
  #events = new EventTarget();
  addEventListener = (...about) => this.#events.addEventListener(...about);
  dispatchEvent = (event) => this.#events.dispatchEvent(event);

  forgetListeners() {
    this.#events = new EventTarget();
  }
}

/** The document: visible unless a test says otherwise, with the two factories that lit-html calls when it is loaded. */
export const page = Object.assign(new Target(), {
  visibilityState: "visible",
  cookie: "csrftoken=token",
  createComment: () => ({}),
  createTreeWalker: () => ({}),
  getElementById: () => null,
});

/** The window: what is told to it, where the page is, and the addresses that were written over that. */
export const view = Object.assign(new Target(), {
  location: { pathname: "/", search: "", protocol: "https:", host: "calls.example" },
  history: { replaced: [], replaceState: (state, title, address) => view.history.replaced.push(address) },
});

Object.assign(globalThis, {
  document: page,
  WebSocket: Socket,
  addEventListener: view.addEventListener,
  location: view.location,
  history: view.history,
});

/** Return the text of a lit-html template and of the templates in it, without tags. */
export function textOf(template) {
  return markupOf(template).replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim();
}

/** Return a lit-html template as markup, with values in their places and lists repeated; functions are left out. */
export function markupOf(value) {
  if (value?._$litDirective$ && Array.isArray(value.values[0])) return markupOf(value.values[0].map(value.values.at(-1)));
  if (Array.isArray(value)) return value.map(markupOf).join("");
  if (value?.strings) return value.strings.map((part, index) => part + markupOf(value.values[index])).join("");
  return ["string", "number", "boolean"].includes(typeof value) ? String(value) : "";
}
