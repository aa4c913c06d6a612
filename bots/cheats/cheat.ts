/**
 * A cheat is composed around honest parts by whoever launches it; sessions contain no cheat code. The defence that
 * answers it is a switch of the authority's session, so that a cell can be run with it on and off.
 */
import type { AuthorityOptions } from '../../netcode/authority-session.ts';
import type { Session } from '../../netcode/session.ts';
import type { Policy } from '../policies/policy.ts';

/** Names of the switches that an authority's session has. */
export type DefenceName = keyof AuthorityOptions['defences'];

export interface Cheat {
  id: string;
  /** One line for help texts: what it exploits and how. */
  title: string;
  /** The defence that should stop it. */
  defence: DefenceName;
  /** Plays instead of the policy that its honest twin has. */
  policy?: Policy;
  /** Id of the policy that its honest twin must have, so that the two differ by the cheat only; any when not given. */
  honestPolicy?: string;
  /** Stands between the driver and the honest session. */
  wrapSession?<S extends Session>(session: S): S;
}
