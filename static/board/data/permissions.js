/** Whether the browser may show desktop notices: the words of `Notification.permission`, and one for browsers that have none. */

export const NOTICES = { MISSING: "missing", UNASKED: "default", DENIED: "denied", GRANTED: "granted" };
