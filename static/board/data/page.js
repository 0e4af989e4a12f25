/** Settings of the page and its user, read from the data attributes of the board element. */

/** Read the data attributes of the board's root element. */
export function readPage(root) {
  const told = root.dataset;
  return {
    socketUrl: socketUrl(told.socketPath),
    loginUrl: told.loginUrl,
    csrfCookie: told.csrfCookie,
    me: told.me,
    mayReject: told.mayReject === "true",
    timeZone: told.timeZone,
    build: told.build || null,
    sessionEnds: told.sessionEnds || null,
    isWall: told.wall === "true",
    bulkUrl: told.bulkUrl,
    callUrl: (key) => told.callUrl.replace(told.anyKey, key),
  };
}

function socketUrl(path) {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;
}
