/**
 * Who rings: the calls of one chain that come from the same person are one ringing person, in one row.
 *
 * Calls that only record somebody else's conversation are the exception: they share a chain, and each is decided.
 */

/** Return a name for whoever rings; calls with the same one share a row. */
export function personOf(call) {
  const source = call.source?.id;
  if (call.policy_recording || !call.chain_id || !source) return call.key;
  return `${call.chain_id} ${call.source.kind} ${source}`;
}

/** Return the chain whose recordings belong together, or null for a call that records nothing. */
export function recordedChainOf(call) {
  return call.policy_recording && call.chain_id ? call.chain_id : null;
}
