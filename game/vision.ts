/** Who may know what: nothing beyond the vision radius, whatever the topology. */
import { VISION_RADIUS } from './constants.ts';

const RADIUS_SQUARED = VISION_RADIUS * VISION_RADIUS;

/** True when (x, y) lies within the vision of a viewer at (viewerX, viewerY), the edge included. Sub-units; exact. */
export function isVisible(viewerX: number, viewerY: number, x: number, y: number): boolean {
  const dx = x - viewerX;
  const dy = y - viewerY;
  return dx * dx + dy * dy <= RADIUS_SQUARED;
}
