/** Which calls share a row: calls of one chain from one person; policy recordings have a row each. */

/** Return the id of the calling person; calls with the same id share a row. */
export function personOf(call) {
  const source = call.source?.id;
  if (call.policy_recording || !call.chain_id || !source) return call.key;
  return `${call.chain_id} ${call.source.kind} ${source}`;
}

/** Return the chain of a policy-recording call, or null for any other call. */
export function recordedChainOf(call) {
  return call.policy_recording && call.chain_id ? call.chain_id : null;
}
