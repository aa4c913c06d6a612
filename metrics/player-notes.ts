/**
 * What a player's session tells, as notes of a recorder: bots over real connections and players on virtual time write
 * down the same things the same way.
 */
import { Status, type World } from '../game/world.ts';
import type { DesyncReport } from './peer-notes.ts';
import type { SwarmRecorder } from './swarm-recorder.ts';

/** How often it is noted what a full client draws; see SwarmRecorder.drawn. */
export const DRAWN_EVERY_MS = 500;
/** How often a peer tells its input delay and its links. */
export const SAMPLE_EVERY_MS = 1000;

/** The events of a session that are noted: `SessionEvent` of netcode/session.ts has these among its own. */
export type PlayerEvent =
  | { type: 'input'; tick: number; dueMs: number }
  | { type: 'echo'; afterMs: number }
  | { type: 'corrected'; distance: number }
  | { type: 'stalled'; waitedMs: number }
  | { type: 'rollback'; depthTicks: number }
  | { type: 'viewChanged'; drops: number; joins: number; tookMs: number }
  | ({ type: 'desync'; afterMs: number } & Omit<DesyncReport, 'detectedMs'>);

/** Whose event it is. */
export interface Noted {
  /** Slot in the match. */
  player: number;
  /** Its views are recorded. */
  full: boolean;
  tickMs: number;
}

const NOTED: ReadonlySet<string> = new Set<PlayerEvent['type']>([
  'input',
  'echo',
  'corrected',
  'stalled',
  'rollback',
  'viewChanged',
  'desync',
]);

export function isPlayerEvent(event: { type: string }): event is PlayerEvent {
  return NOTED.has(event.type);
}

/** Notes one event that a session told at `nowMs`. */
export function notePlayerEvent(
  recorder: SwarmRecorder,
  { player, full, tickMs }: Noted,
  event: PlayerEvent,
  nowMs: number,
): void {
  switch (event.type) {
    case 'input':
      recorder.input(player, event.tick, event.dueMs, nowMs);
      return;
    case 'echo':
      // What is stepped now is seen as a whole one tick later.
      if (full) recorder.echo(event.afterMs + tickMs, nowMs);
      return;
    case 'corrected':
      if (full) recorder.corrected(event.distance, nowMs);
      return;
    case 'stalled':
      recorder.stalled(event.waitedMs, nowMs);
      return;
    case 'rollback':
      recorder.rollback(event.depthTicks, nowMs);
      return;
    case 'viewChanged':
      if (event.drops > 0) recorder.viewChanged('drop', event.tookMs, nowMs);
      if (event.joins > 0) recorder.viewChanged('join', event.tookMs, nowMs);
      return;
    case 'desync': {
      const { type: _, afterMs, ...report } = event;
      recorder.desync(player, { ...report, detectedMs: afterMs });
      return;
    }
  }
}

/** What a peer that simulates tells once a second: its input delay, and its links to the other members. */
export function sampleMember(
  recorder: SwarmRecorder,
  session: {
    readonly delayTicks: number;
    readonly roster: { readonly members: readonly { peer: number }[] };
    readonly peers: ReadonlyMap<number, { readonly link: 'up' | 'down' | 'relayed' }>;
  },
  nowMs: number,
): void {
  const links = session.roster.members.map(({ peer }) => session.peers.get(peer)?.link);
  const count = (state: 'up' | 'relayed') => links.filter((link) => link === state).length;
  recorder.delay(session.delayTicks, nowMs);
  recorder.links(count('up'), count('relayed'), nowMs);
}

/** How many players besides `self` are alive in a world: what a peer that simulates could look at. */
export function livingOthers({ players, match }: World, self: number): number {
  let living = 0;
  for (let slot = 0; slot < match.playerLimit[0]!; slot++) {
    if (slot !== self && players.status[slot] === Status.alive) living++;
  }
  return living;
}
