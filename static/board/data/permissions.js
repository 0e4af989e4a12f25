/** States of the permission for desktop notices; MISSING is for browsers without notices. */

export const NOTICES = { MISSING: "missing", UNASKED: "default", DENIED: "denied", GRANTED: "granted" };
