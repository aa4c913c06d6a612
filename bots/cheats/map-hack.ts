/**
 * Map hack: steers by everything that its session holds, also by what lies beyond vision and must not be known. Against
 * an authority that filters by vision there is nothing to use, and it plays exactly as its honest twin, a hunter.
 */
import { VISION_RADIUS } from '../../game/constants.ts';
import { hunterBrain } from '../policies/hunter.ts';
import type { Cheat } from './cheat.ts';

/** As far as an authority without the filter sends. */
const SIGHT = 4 * VISION_RADIUS;

export const mapHack: Cheat = {
  id: 'map-hack',
  title: 'hunts and collects by what lies beyond its vision',
  defence: 'visionFilter',
  honestPolicy: 'hunter',
  policy: {
    id: 'map-hack',
    title: 'a hunter that uses all that its view holds',
    create: (random) => hunterBrain(random, SIGHT),
  },
};
