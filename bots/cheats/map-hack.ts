/**
 * Map hack: steers by everything that its session holds, also by what lies beyond vision and must not be known. It plays
 * as its honest twin, a collector, but goes for the coins and the dropped piles of half the arena; so it gains where
 * vision holds little, and hardly where it is full of coins. Against an authority that filters by vision it has nothing
 * to use. A peer that simulates everything holds everything: there it only has to look, and no defence stops it.
 */
import { VISION_RADIUS } from '../../game/constants.ts';
import type { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { createView, type View } from '../../netcode/view.ts';
import { WorldViewer } from '../../netcode/world-view.ts';
import { collectorBrain } from '../policies/collector.ts';
import type { Cheat } from './cheat.ts';
import { wrapLockstep } from './wrap.ts';

/** As far as an authority without the filter sends. */
const SIGHT = 4 * VISION_RADIUS;
/** Each step doubles the radius. */
const REACH = 2;

/** The members that show a peer's player four times as far as vision reaches. */
function seeAll(honest: LockstepSession): Partial<LockstepSession> {
  let viewer: WorldViewer | null = null;
  let view: View | null = null;
  return {
    get view() {
      const { world, player, arena } = honest;
      if (!world || player < 0) return null;
      viewer ??= new WorldViewer(world, REACH);
      view ??= createView(arena!);
      // With rollback the world may have been corrected meanwhile.
      viewer.invalidate();
      viewer.fill(view, player);
      return view;
    },
  };
}

export const mapHack: Cheat = {
  id: 'map-hack',
  title: 'goes for what lies beyond its vision',
  defences: { server: 'visionFilter', host: 'visionFilter', lockstep: null },
  honestPolicy: 'collector',
  policy: {
    id: 'map-hack',
    title: 'a collector that uses all that its view holds',
    create: (random) => collectorBrain(random, SIGHT),
  },
  wrapSession: (session) => wrapLockstep(session, seeAll),
};
