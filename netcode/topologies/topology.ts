/** A topology as data: who decides, over what links. Its session lives in netcode/, its launcher in lab/launch/. */
import type { Transport } from '../session.ts';

/**
 * Who decides what is true. `nobody`: all simulate the same from the same inputs. `owners`: everybody of its own avatar,
 * and tells those who can see it. Peers of both kinds meet through a rendezvous.
 */
export type Decides = 'authority' | 'nobody' | 'owners';

export interface Topology {
  id: string;
  /** One line for help texts, menus and reports. */
  title: string;
  /** Who decides what is true, in words. */
  authority: string;
  decides: Decides;
  /** What lies below its links when nothing else is asked for. */
  transport: Transport;
  /** How its links are made, live. */
  links: string;
  /** True when the machine that decides is one of the players. */
  authorityIsPlayer: boolean;
}
