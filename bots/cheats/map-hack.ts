/**
 * Map hack: steers by everything that its session holds, also by what lies beyond vision and must not be known. It plays
 * as its honest twin, a collector, but goes for the coins and the dropped piles of half the arena; so it gains where
 * vision holds little, and hardly where it is full of coins. Against an authority that filters by vision it has nothing
 * to use. A peer that simulates everything holds everything: there it only has to look, and no defence stops it. A peer of
 * a mesh knows where coins appear, as everybody does; where others are it is told when it says that it is near them.
 */
import { VISION_RADIUS } from '../../game/constants.ts';
import type { World } from '../../game/world.ts';
import type { PlayingPeer } from '../../netcode/playing-peer.ts';
import { createView, type View } from '../../netcode/view.ts';
import { WorldViewer } from '../../netcode/world-view.ts';
import { collectorBrain } from '../policies/collector.ts';
import type { Cheat } from './cheat.ts';
import { lieAboutPlace } from './mesh/false-place.ts';
import { wrapLockstep, wrapMesh } from './wrap.ts';

/** As far as an authority without the filter sends. */
const SIGHT = 4 * VISION_RADIUS;
/** Each step doubles the radius. */
const REACH = 2;

/** The members that show a peer's player four times as far as vision reaches. */
function seeAll(honest: PlayingPeer & { readonly world: World | null }): { readonly view: View | null } {
  let viewer: WorldViewer | null = null;
  let view: View | null = null;
  return {
    get view() {
      const { world, player, arena } = honest;
      if (!world || player < 0) return null;
      viewer ??= new WorldViewer(world, REACH);
      view ??= createView(arena!);
      // The world may have been corrected meanwhile, or others told more.
      viewer.invalidate();
      viewer.fill(view, player);
      return view;
    },
  };
}

export const mapHack: Cheat = {
  id: 'map-hack',
  title: 'goes for what lies beyond its vision',
  defences: { server: 'visionFilter', host: 'visionFilter', lockstep: null, mesh: 'witnesses' },
  open: {
    lockstep: 'everybody simulates everything, so everybody holds everything',
    mesh: 'where coins appear everybody can compute; whoever has not seen it lately cannot tell that it is not near',
  },
  honestPolicy: 'collector',
  policy: {
    id: 'map-hack',
    title: 'a collector that uses all that its view holds',
    create: (random) => collectorBrain(random, SIGHT),
  },
  wrapSession: (session) =>
    wrapMesh(wrapLockstep(session, seeAll), (honest) =>
      Object.defineProperties(lieAboutPlace(honest, SIGHT), Object.getOwnPropertyDescriptors(seeAll(honest))),
    ),
};
