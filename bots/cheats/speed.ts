/**
 * Speed: the cheater's clock runs fast, so that its session honestly takes more inputs than ticks have passed. An
 * authority that executes whatever arrives moves it farther per minute than the rules allow. What the session tells the
 * driver about time is turned back into real time. In a mesh, where the room has one time and everybody moves its own
 * avatar, it makes larger steps instead.
 */
import { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import type { Session, SessionEvent } from '../../netcode/session.ts';
import { type Cheat, noNotes } from './cheat.ts';
import { stride } from './mesh/stride.ts';
import { wrapMesh } from './wrap.ts';

/** Which argument of a session's methods is a time. */
const TIME_ARGUMENT: Readonly<Record<string, number>> = {
  linkChanged: 2,
  receive: 2,
  advance: 0,
  wantsInput: 0,
  drawn: 0,
  authorityTick: 0,
  requestRoster: 2,
};
/** Rounding must not let a session be woken just before it is due. */
const AFTER_MS = 0.001;

/** A session that lives `factor` times as fast as its driver. */
export function hasten<S extends Session>(session: S, factor: number): S {
  let startMs = Number.NaN;
  const toFast = (realMs: number) => {
    if (Number.isNaN(startMs)) startMs = realMs;
    return startMs + (realMs - startMs) * factor;
  };
  const toReal = (fastMs: number) => (Number.isNaN(startMs) ? fastMs : startMs + (fastMs - startMs) / factor);
  const eventToReal = (event: SessionEvent) =>
    event.type === 'input' ? { ...event, dueMs: toReal(event.dueMs) } : event;
  return new Proxy(session, {
    get(target, name) {
      if (name === 'nextDueMs') return toReal(target.nextDueMs) + AFTER_MS;
      if (name === 'takeEvents') return () => target.takeEvents().map(eventToReal);
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const at = TIME_ARGUMENT[String(name)];
      if (at === undefined) return value.bind(target);
      return (...args: unknown[]) => value.apply(target, args.with(at, toFast(args[at] as number)));
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

function speedOf(id: string, factor: number): Cheat {
  return {
    id,
    title: `its clock runs ×${factor}: more inputs than ticks; in a mesh, larger steps`,
    defences: { server: 'timeBucket', host: 'timeBucket', mesh: 'witnesses' },
    wrapSession: (session, notes = noNotes()) =>
      session instanceof MeshSession
        ? wrapMesh(session, (honest) => stride(honest, factor, notes))
        : hasten(session, factor),
  };
}

export const SPEEDS: readonly Cheat[] = [speedOf('speed', 1.5), speedOf('speed-1.1', 1.1), speedOf('speed-3', 3)];
