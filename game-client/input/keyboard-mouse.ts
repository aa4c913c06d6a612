/** WASD or arrows walk, the mouse aims, click or space shoots, B buys. Keys are read by place, so that AZERTY works too. */
import { aimAlong } from '../../game/fixed-point.ts';
import { Button } from '../../game/input.ts';
import type { Controls } from './controls.ts';

const MOVES: Readonly<Record<string, number>> = {
  KeyW: Button.up,
  ArrowUp: Button.up,
  KeyS: Button.down,
  ArrowDown: Button.down,
  KeyA: Button.left,
  ArrowLeft: Button.left,
  KeyD: Button.right,
  ArrowRight: Button.right,
};

/** Listens until the returned function is called. The player stands in the middle of `stage`. */
export function listenToKeyboardAndMouse(controls: Controls, stage: HTMLElement): () => void {
  const listeners = new AbortController();
  const options = { signal: listeners.signal };

  const keyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const move = MOVES[event.code];
    if (move !== undefined) controls.keyButtons |= move;
    else if (event.code === 'Space') {
      if (!event.repeat) controls.pressFire();
    } else if (event.code === 'KeyB') {
      if (!event.repeat) controls.pressBuy();
    } else return;
    event.preventDefault();
  };
  const keyUp = (event: KeyboardEvent) => {
    const move = MOVES[event.code];
    if (move !== undefined) controls.keyButtons &= ~move;
    else if (event.code === 'Space') controls.releaseFire();
  };
  const aimAt = (event: PointerEvent) => {
    if (event.pointerType === 'touch') return;
    const box = stage.getBoundingClientRect();
    controls.aim = aimAlong(event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2);
  };

  window.addEventListener('keydown', keyDown, options);
  window.addEventListener('keyup', keyUp, options);
  window.addEventListener('blur', () => controls.release(), options);
  window.addEventListener('pointermove', aimAt, options);
  stage.addEventListener(
    'pointerdown',
    (event) => {
      if (event.pointerType === 'touch' || event.button !== 0) return;
      aimAt(event);
      controls.pressFire();
    },
    options,
  );
  window.addEventListener('pointerup', (event) => event.pointerType !== 'touch' && controls.releaseFire(), options);
  stage.addEventListener('contextmenu', (event) => event.preventDefault(), options);
  return () => {
    listeners.abort();
    controls.release();
  };
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type === 'text';
}
