/** A topology as data: who decides, over what links. Its session lives in netcode/, its launcher in lab/launch/. */
import type { Transport } from '../session.ts';

export interface Topology {
  id: string;
  /** One line for help texts, menus and reports. */
  title: string;
  /** Who decides what is true, in words. */
  authority: string;
  /** `nobody`: all simulate the same from the same inputs, and meet through a rendezvous. */
  decides: 'authority' | 'nobody';
  /** What lies below its links when nothing else is asked for. */
  transport: Transport;
  /** How its links are made, live. */
  links: string;
  /** True when the machine that decides is one of the players. */
  authorityIsPlayer: boolean;
}
