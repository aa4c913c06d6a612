/** A session of which a cheat replaces some members; whatever it leaves alone goes to the honest one. */
import { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import type { Session } from '../../netcode/session.ts';

export function withMembers<S extends Session>(session: S, members: Partial<S>): S {
  return new Proxy(session, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name, members);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

/** Wraps peers of a lockstep match; any other session is left as it is. */
export function wrapLockstep<S extends Session>(
  session: S,
  wrap: (honest: LockstepSession) => Partial<LockstepSession>,
): S {
  return session instanceof LockstepSession ? withMembers<S>(session, wrap(session) as Partial<S>) : session;
}

/** Wraps peers of a mesh; any other session is left as it is. */
export function wrapMesh<S extends Session>(session: S, wrap: (honest: MeshSession) => Partial<MeshSession>): S {
  return session instanceof MeshSession ? withMembers<S>(session, wrap(session) as Partial<S>) : session;
}
