/**
 * Two thumbs: the left one walks with a stick that appears under it, the right one aims with a second stick and fires
 * while it is held. Either may come down anywhere in its half of the stage.
 */
import { aimAlong } from '../../game/fixed-point.ts';
import { buttonsTowards } from '../../game/input.ts';
import type { Controls } from './controls.ts';

/** Pixels that a thumb must move before it points anywhere. */
const DEAD_ZONE = 9;
/** Pixels that the knob follows the thumb. */
const REACH = 46;

interface Stick {
  readonly base: HTMLElement;
  readonly knob: HTMLElement;
  pointer: number;
  x: number;
  y: number;
}

/** Shows the sticks in `layer` and listens on `stage` until the returned function is called. */
export function listenToTouch(controls: Controls, stage: HTMLElement, layer: HTMLElement): () => void {
  const listeners = new AbortController();
  const options = { signal: listeners.signal };
  const move = createStick(layer, 'stick-move', 'move');
  const fire = createStick(layer, 'stick-fire', 'fire');

  stage.addEventListener(
    'pointerdown',
    (event) => {
      if (event.pointerType !== 'touch') return;
      event.preventDefault();
      document.documentElement.classList.add('touch');
      const stick = event.clientX < stage.clientWidth / 2 ? move : fire;
      if (stick.pointer !== -1) return;
      hold(stick, event);
      if (stick === fire) controls.pressFire();
    },
    options,
  );
  window.addEventListener(
    'pointermove',
    (event) => {
      const stick = event.pointerId === move.pointer ? move : event.pointerId === fire.pointer ? fire : null;
      if (!stick) return;
      const dx = event.clientX - stick.x;
      const dy = event.clientY - stick.y;
      const distance = Math.sqrt(dx * dx + dy * dy);
      const follow = Math.min(1, REACH / Math.max(1, distance));
      stick.knob.style.transform = `translate(${dx * follow}px, ${dy * follow}px)`;
      const pointing = distance > DEAD_ZONE;
      if (stick === move) {
        controls.stickButtons = pointing ? buttonsTowards(dx, dy) : 0;
        // With the right thumb at rest, one looks where one walks.
        if (pointing && fire.pointer === -1) controls.aim = aimAlong(dx, dy);
      } else if (pointing) {
        controls.aim = aimAlong(dx, dy);
      }
    },
    options,
  );
  const lift = (event: PointerEvent) => {
    if (event.pointerId === move.pointer) {
      release(move);
      controls.stickButtons = 0;
    } else if (event.pointerId === fire.pointer) {
      release(fire);
      controls.releaseFire();
    }
  };
  window.addEventListener('pointerup', lift, options);
  window.addEventListener('pointercancel', lift, options);
  return () => {
    listeners.abort();
    move.base.remove();
    fire.base.remove();
  };
}

function createStick(layer: HTMLElement, className: string, label: string): Stick {
  const base = document.createElement('div');
  base.className = `stick ${className}`;
  const knob = document.createElement('span');
  knob.textContent = label;
  base.append(knob);
  layer.append(base);
  return { base, knob, pointer: -1, x: 0, y: 0 };
}

function hold(stick: Stick, event: PointerEvent): void {
  stick.pointer = event.pointerId;
  stick.x = event.clientX;
  stick.y = event.clientY;
  stick.base.classList.add('held');
  stick.base.style.left = `${event.clientX}px`;
  stick.base.style.top = `${event.clientY}px`;
  stick.base.style.right = 'auto';
  stick.base.style.bottom = 'auto';
}

/** Back to where the style sheet shows a resting stick. */
function release(stick: Stick): void {
  stick.pointer = -1;
  stick.base.classList.remove('held');
  stick.base.removeAttribute('style');
  stick.knob.style.transform = '';
}
