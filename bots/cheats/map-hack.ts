/**
 * Map hack: steers by everything that its session holds, also by what lies beyond vision and must not be known. It plays
 * as its honest twin, a collector, but goes for the coins and the dropped piles of half the arena; so it gains where
 * vision holds little, and hardly where it is full of coins. Against an authority that filters by vision it has nothing
 * to use.
 */
import { VISION_RADIUS } from '../../game/constants.ts';
import { collectorBrain } from '../policies/collector.ts';
import type { Cheat } from './cheat.ts';

/** As far as an authority without the filter sends. */
const SIGHT = 4 * VISION_RADIUS;

export const mapHack: Cheat = {
  id: 'map-hack',
  title: 'goes for what lies beyond its vision',
  defence: 'visionFilter',
  honestPolicy: 'collector',
  policy: {
    id: 'map-hack',
    title: 'a collector that uses all that its view holds',
    create: (random) => collectorBrain(random, SIGHT),
  },
};
