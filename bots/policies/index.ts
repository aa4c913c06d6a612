/** The registry of policies: help texts, the page's menu, the contract tests and the report read it. */
import { afk } from './afk.ts';
import { collector } from './collector.ts';
import { flock } from './flock.ts';
import { hunter } from './hunter.ts';
import type { Policy } from './policy.ts';
import { wander } from './wander.ts';

export type { Policy } from './policy.ts';

export const POLICIES: readonly Policy[] = [wander, collector, hunter, flock, afk];

/** The policy of an id. Throws a RangeError that names what is allowed. */
export function policyOf(id: string): Policy {
  const found = POLICIES.find((policy) => policy.id === id);
  if (!found) throw new RangeError(`policy '${id}': allowed are ${POLICIES.map((p) => p.id).join(', ')}`);
  return found;
}
