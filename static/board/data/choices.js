/** Filter choices: every state, direction, tenant and target among the current calls. */

/** For each property of a call: a function that returns its `[value, label]` pairs. */
export const CHOSEN_BY = {
  state: (call) => [[call.state ?? "", ""]],
  direction: (call) => [[call.direction ?? "", ""]],
  tenant: (call) => tenantsOf(call).map((tenant) => [tenant, tenant]),
  target: (call) => (call.targets ?? []).map((target) => [target?.id || target?.name, target?.name || target?.id]),
};

function tenantsOf(call) {
  return [...new Set([call.tenant_id, call.source?.tenant_id])];
}

/** Return a call's values of a property. */
export function valuesOf(call, property) {
  return CHOSEN_BY[property](call).map(([value]) => value).filter(Boolean);
}

export class Choices {
  /** Grows whenever the choices change. */
  revision = 0;
  #counted = Object.fromEntries(Object.keys(CHOSEN_BY).map((property) => [property, new Map()]));

  /** Count a call's new state instead of the old one; either may be undefined. */
  replace(before, after) {
    for (const property of Object.keys(CHOSEN_BY)) {
      if (before) this.#count(property, before, -1);
      if (after) this.#count(property, after, 1);
    }
  }

  #count(property, call, step) {
    const counted = this.#counted[property];
    for (const [value, label] of CHOSEN_BY[property](call)) {
      if (!value) continue;
      const known = counted.get(value) ?? { label, count: 0 };
      if (known.count === 0 || known.count + step === 0) this.revision += 1;
      known.count += step;
      if (known.count > 0) counted.set(value, known);
      else counted.delete(value);
    }
  }

  /** Return the `[value, label]` pairs of a property. */
  of(property) {
    return [...this.#counted[property]].map(([value, { label }]) => [value, label]);
  }
}
