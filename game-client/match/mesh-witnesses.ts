/** Who judges whom in a mesh with witnesses, as far as this peer can tell; the rule is netcode/mesh/trust/witnesses.ts. */
import { VISION_RADIUS } from '../../game/constants.ts';
import type { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import { periodOf, rankOf } from '../../netcode/mesh/trust/witnesses.ts';
import type { PeerId } from '../../netcode/session.ts';

export interface Witnessing {
  /** Those who judge this peer. */
  judges: ReadonlySet<PeerId>;
  /** Those whom it judges. */
  judged: ReadonlySet<PeerId>;
}

const NOBODY: Witnessing = { judges: new Set(), judged: new Set() };

/** Nobody where witnesses are off. */
export function witnessingOf({ settings, epoch, world, player, self, tick, peers }: MeshSession): Witnessing {
  if (!settings?.defences.witnesses || !epoch || !world || player < 0) return NOBODY;
  const period = periodOf(tick, settings.config.tickRateHz);
  const places = new Map([[self, { x: world.players.x[player]!, y: world.players.y[player]! }]]);
  for (const { id, state } of peers.values()) if (state) places.set(id, state);
  const isWitness = (witness: PeerId, subject: PeerId) => {
    const at = places.get(subject)!;
    const near = [...places].filter(([id, { x, y }]) => id !== subject && isInSight(x - at.x, y - at.y));
    const ids = near.map(([id]) => id);
    return ids.includes(witness) && rankOf(epoch.line, period, subject, witness, ids) < settings.witnesses;
  };
  const others = [...places.keys()].filter((id) => id !== self);
  return {
    judges: new Set(others.filter((id) => isWitness(id, self))),
    judged: new Set(others.filter((id) => isWitness(self, id))),
  };
}

function isInSight(dx: number, dy: number): boolean {
  return dx * dx + dy * dy <= VISION_RADIUS * VISION_RADIUS;
}
