/**
 * The WebSocket feed: reconnects with growing, jittered waits.
 *
 * Every frame is acknowledged: the server sends nothing more to a page that has fallen behind. Nothing else is sent but
 * the page's visibility.
 */

export const STATES = {
  CONNECTING: "connecting",
  LIVE: "live",
  LATE: "late",
  LOST: "lost",
  SIGNED_OUT: "signed-out",
  NO_RIGHT: "no-right",
};

const CLOSED_BECAUSE = { 4401: STATES.SIGNED_OUT, 4403: STATES.NO_RIGHT };
const LATE_AFTER = 13_000; // a heartbeat comes at least every 10 s
const LOST_AFTER = 25_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

/** Whether the list is current: frames arrive, perhaps late. */
export function isFresh(feed) {
  return feed.state === STATES.LIVE || feed.state === STATES.LATE;
}

/** Whether the list may be outdated. */
export function isLost(feed) {
  return !isFresh(feed) && feed.state !== STATES.CONNECTING;
}

/** Milliseconds before the next try: it grows with failures, and half is random so that pages do not return at once. */
export function backOff(failures, random = Math.random) {
  const ceiling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures, 10));
  return ceiling / 2 + (random() * ceiling) / 2;
}

export class Feed {
  state = STATES.CONNECTING;
  /** Times of the last frame, of the loss and of the next try on the local clock, or null. */
  lastFrameAt = null;
  lostAt = null;
  retryAt = null;
  /** Tries since the feed was last live, and whether any socket ever delivered a frame. */
  failures = 0;
  everLive = false;

  #options;
  #socket = null;
  #openedAt = 0;
  #revision = 0;
  #visible = true;

  /**
   * `onFrame(frame)` is called for every frame before it is acknowledged, `onState()` after each change of state.
   * `now`, `WebSocket` and `random` can be replaced in tests.
   */
  constructor(url, { onFrame, onState, now = () => performance.now(), WebSocket = globalThis.WebSocket, random }) {
    this.#options = { url, onFrame, onState, now, WebSocket, random };
  }

  start() {
    const { url, WebSocket, now } = this.#options;
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#openedAt = now();
    this.retryAt = null;
    socket.onmessage = (event) => socket === this.#socket && this.#receive(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  /** Tell the server whether the page is visible. */
  setVisible(visible) {
    this.#visible = visible;
    if (this.state === STATES.LIVE || this.state === STATES.LATE) this.#send({ visible });
  }

  /** Reconnect now if the feed waits for its next try. */
  retry() {
    if (this.state === STATES.LOST && this.retryAt !== null) this.start();
  }

  /** Replace the socket by a new one; after a sleep the old one may be dead without a close event. */
  renew() {
    if (this.state !== STATES.LIVE && this.state !== STATES.LATE) return this.retry();
    const socket = this.#socket;
    this.start();
    socket?.close();
    this.#become(STATES.LATE);
  }

  /** Detect silence and start due tries. Call it about every second; rarer calls only delay it. */
  check() {
    const now = this.#options.now();
    if (this.retryAt !== null) {
      if (now >= this.retryAt) this.start();
      return;
    }
    if (!this.#socket) return;
    const silent = now - Math.max(this.lastFrameAt ?? 0, this.#openedAt);
    if (silent >= LOST_AFTER) this.#abandon();
    else if (silent >= LATE_AFTER && this.state === STATES.LIVE) this.#become(STATES.LATE);
  }

  #receive(text) {
    const frame = JSON.parse(text);
    const first = this.state !== STATES.LIVE;
    this.lastFrameAt = this.#options.now();
    this.#revision = frame.revision;
    this.#options.onFrame(frame);
    this.#send({});
    if (frame.type === "snapshot") this.#send({ visible: this.#visible });
    if (first) this.#live();
  }

  #live() {
    this.failures = 0;
    this.everLive = true;
    this.lostAt = null;
    this.#become(STATES.LIVE);
  }

  #send(more) {
    const { WebSocket } = this.#options;
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ type: "ack", revision: this.#revision, ...more }));
  }

  #abandon() {
    const socket = this.#socket;
    this.#closed(1006);
    socket.close();
  }

  #closed(code) {
    this.#socket = null;
    const final = CLOSED_BECAUSE[code];
    this.lostAt ??= this.lastFrameAt ?? this.#openedAt;
    if (final) return this.#become(final);
    this.retryAt = this.#options.now() + backOff(this.failures, this.#options.random);
    this.failures += 1;
    this.#become(STATES.LOST);
  }

  #become(state) {
    this.state = state;
    this.#options.onState();
  }
}
