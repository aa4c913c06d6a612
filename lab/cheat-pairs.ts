/** Every cheater of a run beside its honest twin: what it gained, whether it was noticed, and who was blamed. */
import { type CheatNotes, cheatOf, defenceOf, whyOpen, whyPrevented } from '../bots/cheats/index.ts';
import type { BotRole } from '../bots/swarm/assign.ts';
import type { Seat } from '../bots/swarm/messages.ts';
import type { Audit } from '../metrics/auditor.ts';
import { cheatPair } from '../metrics/compose-record.ts';
import type { Plan } from '../metrics/plan.ts';
import type { CheatPair } from '../metrics/record.ts';

/** Somebody was named for something, at a time of the match. */
export interface Blame {
  player: number;
  atMs: number;
}

/** What is known of cheating where it was watched: on virtual time. */
export interface CheatWatch {
  /** By number of the bot. */
  notes: ReadonlyMap<number, CheatNotes>;
  /** Players whom the others dropped, or have proof against. */
  blames: readonly Blame[];
  /** When peers first told each other different checksums; null when they never did. */
  desyncMs: number | null;
}

export interface Played {
  roles: readonly BotRole[];
  seats: readonly Seat[];
  /** Players that an authority caught claiming more time than has passed. */
  flagged: readonly number[];
  cheating?: CheatWatch;
}

/** Cheats that part the worlds of the others: the checksums tell that it was done, though not by whom. */
const PARTS_WORLDS = ['equivocation'];

/** Owners sign, so that a fault is proof; witnesses see the rest. One without the other is not what anybody would play with. */
export const AMONG_OWNERS_ON = {
  handshakes: true,
  macs: true,
  heads: true,
  replayWindow: true,
  witnesses: true,
} as const;

/** What people call the defence that answers a cheat: those of owners go by one name where they are all on, or all off. */
export function defenceName(defence: string | null, { topology, defences }: Plan): string | null {
  if (defence === null || topology !== 'mesh') return defence;
  const names = Object.keys(AMONG_OWNERS_ON) as (keyof typeof AMONG_OWNERS_ON)[];
  const on = names.filter((name) => defences[name]).length;
  return on === 0 || on === names.length ? 'all defences' : defence;
}

/** Cheaters and twins, as far as both were in the match. */
export function cheatPairs(plan: Plan, played: Played, audited: Audit): CheatPair[] {
  const { roles, seats } = played;
  const playerOf = (index: number) => seats.find((seat) => seat.index === index)?.player ?? -1;
  const cheaters = roles.filter((role) => role.cheat !== null);
  const guilty = new Set(cheaters.map(({ index }) => playerOf(index)));
  const blamed = new Set([...played.flagged, ...(played.cheating?.blames ?? []).map(({ player }) => player)]);
  const innocents = [...blamed].filter((player) => !guilty.has(player));
  const bystanders = new Set(roles.filter(({ twin }) => twin < 0).map(({ index }) => playerOf(index)));
  const others = audited.tallies.filter(({ player }) => bystanders.has(player)).map((row) => row.scorePerMin);
  return cheaters.flatMap((role) => {
    const cheater = playerOf(role.index);
    const twin = playerOf(role.twin);
    if (cheater < 0 || twin < 0) return [];
    const notes = played.cheating?.notes.get(role.index);
    // What it gains is whose deed it covers.
    if (notes?.isAccomplice) return [];
    const defence = defenceOf(cheatOf(role.cheat!), plan.topology);
    return [
      cheatPair(audited, {
        cheat: role.cheat!,
        defence: defenceName(defence, plan),
        defended: defence !== null && plan.defences[defence],
        open: whyOpen(cheatOf(role.cheat!), plan.topology),
        prevented: whyPrevented(cheatOf(role.cheat!), plan.topology),
        cheater,
        twin,
        ...noticed(plan, played, role.cheat!, cheater, notes?.beganMs ?? null),
        attempts: notes?.attempts ?? null,
        accepted: notes?.accepted ?? null,
        othersScorePerMin: others.length > 0 ? others.reduce((sum, score) => sum + score, 0) / others.length : null,
        innocentsBlamed: innocents.length,
      }),
    ];
  });
}

type Noticed = Pick<CheatPair, 'detected' | 'detectMs' | 'attributed'>;

/** Null where a defence prevents and names nobody, or where nobody watched. */
function noticed(plan: Plan, played: Played, cheat: string, cheater: number, beganMs: number | null): Noticed {
  const defence = defenceOf(cheatOf(cheat), plan.topology);
  if (defence === 'timeBucket' && plan.defences.timeBucket) {
    const detected = played.flagged.includes(cheater);
    return { detected, detectMs: null, attributed: detected };
  }
  const since = (atMs: number | null) => (atMs === null || beganMs === null ? null : Math.max(0, atMs - beganMs));
  const { blames = [], desyncMs = null } = played.cheating ?? {};
  const blame = blames.find(({ player, atMs }) => player === cheater && atMs >= (beganMs ?? 0));
  // Those who judge others, or cannot be kept waiting, name whom they mean.
  const doName = defence === 'deadline' || (plan.topology === 'mesh' && defence !== null && plan.defences[defence]);
  if (played.cheating && (doName || blame)) {
    return { detected: blame !== undefined, detectMs: since(blame?.atMs ?? null), attributed: blame !== undefined };
  }
  if (played.cheating && PARTS_WORLDS.includes(cheat)) {
    return { detected: desyncMs !== null, detectMs: since(desyncMs), attributed: false };
  }
  return { detected: null, detectMs: null, attributed: null };
}
