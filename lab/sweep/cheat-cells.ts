/** The cheats that `answer` tries, each with its defence off and on where it has one, all on virtual time. */
import { cheatOf, defenceOf } from '../../bots/cheats/index.ts';
import { DEFAULT_DEFENCES, type Plan } from '../../metrics/plan.ts';
import { AMONG_OWNERS_ON, defenceName } from '../cheat-pairs.ts';
import { planOf } from '../plan-options.ts';

interface Shown {
  topology: string;
  cheat: string;
  plan: Partial<Plan>;
  /** One after the other, so that with little time each cell has some. */
  seeds: readonly number[];
}

const SEEDS = [1, 2, 3];
const MORE_SEEDS = [1, 2, 3, 4, 5, 6];

/** Many pairs in one match, where an authority keeps them apart. */
const UNDER_AUTHORITY = { players: 32, durationS: 60, cheaters: 5, network: 'good' } as const;
/**
 * One pair in a match of peers: two who wait for each other's inputs are no look-ahead, and two stories are enough. A
 * network with some delay, since that is what looking ahead is worth.
 */
const AMONG_PEERS = { players: 8, durationS: 60, cheaters: 1, network: 'wifi' } as const;

/** Knowing what lies beyond vision pays where little is in view, so that is where the map hack is tried. */
const SPARSE = { inView: 1, policies: { wander: 1, hunter: 1 } };

/** Every peer simulates for all, so that a match of peers costs this machine N times as much as one of clients. */
const SMALL = { players: 12, durationS: 60, cheaters: 4, network: 'good' } as const;

/** Owners that cheat each for itself: neighbours judge them one by one. Hunters, so that there is something to gain and to dodge. */
const AMONG_OWNERS = { players: 16, durationS: 20, cheaters: 3, network: 'good', policies: { hunter: 1 } } as const;

const SEALED = { defences: { ...DEFAULT_DEFENCES, commitReveal: true } };

const SHOWN: readonly Shown[] = [
  { topology: 'server', cheat: 'speed', plan: UNDER_AUTHORITY, seeds: SEEDS },
  { topology: 'server', cheat: 'map-hack', plan: { ...UNDER_AUTHORITY, ...SPARSE }, seeds: SEEDS },
  { topology: 'lockstep', cheat: 'map-hack', plan: { ...SMALL, ...SPARSE }, seeds: SEEDS },
  { topology: 'lockstep', cheat: 'look-ahead', plan: AMONG_PEERS, seeds: MORE_SEEDS },
  { topology: 'lockstep', cheat: 'lag-switch', plan: AMONG_PEERS, seeds: MORE_SEEDS },
  { topology: 'lockstep', cheat: 'equivocation', plan: { ...AMONG_PEERS, durationS: 20 }, seeds: MORE_SEEDS },
  // Between commitment and input is where it acts.
  { topology: 'lockstep', cheat: 'undo', plan: { ...AMONG_PEERS, durationS: 30, ...SEALED }, seeds: MORE_SEEDS },
  { topology: 'mesh', cheat: 'teleport', plan: AMONG_OWNERS, seeds: SEEDS },
  { topology: 'mesh', cheat: 'speed-3', plan: AMONG_OWNERS, seeds: SEEDS },
  { topology: 'mesh', cheat: 'fire-rate', plan: AMONG_OWNERS, seeds: SEEDS },
  { topology: 'mesh', cheat: 'equivocation', plan: AMONG_OWNERS, seeds: SEEDS },
  { topology: 'mesh', cheat: 'free-shield', plan: AMONG_OWNERS, seeds: SEEDS },
];

/** What the switches of peers cost those who do not cheat. */
const COSTLY = [
  { plan: { ...AMONG_PEERS, topology: 'lockstep' }, switches: ['commitReveal', 'deadline', 'signedHeads'] },
  { plan: { ...AMONG_OWNERS, topology: 'mesh' }, switches: ['macs', 'heads', 'witnesses'] },
] as const;

/** The same honest match without any of the defences of peers, then with each. */
export function plannedCosts(): Plan[] {
  return COSTLY.flatMap(({ plan, switches }) =>
    [DEFAULT_DEFENCES, ...switches.map((name) => ({ ...DEFAULT_DEFENCES, [name]: true }))].map((defences) =>
      planOf({ ...plan, network: 'good', cheaters: 0, simulated: true, defences }),
    ),
  );
}

/** Plans in the order in which they should be played. */
export function plannedCheats(): Plan[] {
  const plans: { round: number; plan: Plan }[] = [];
  for (const { topology, cheat, plan, seeds } of SHOWN) {
    const defence = defenceOf(cheatOf(cheat), topology);
    for (const isOn of defence === null ? [false] : [false, true]) {
      const answer = defence === null ? {} : topology === 'mesh' && isOn ? AMONG_OWNERS_ON : { [defence]: isOn };
      const defences = { ...DEFAULT_DEFENCES, ...plan.defences, ...answer };
      seeds.forEach((seed, round) => {
        const made = planOf({ players: 2, durationS: 60, ...plan, topology, seed, cheat, defences, simulated: true });
        plans.push({ round: round / seeds.length, plan: made });
      });
    }
  }
  return plans.sort((a, b) => a.round - b.round).map(({ plan }) => plan);
}

/** `look-ahead on lockstep, commitReveal off`. */
export function cellName(plan: Plan): string {
  const { topology, cheat, defences } = plan;
  const defence = defenceOf(cheatOf(cheat!), topology);
  const answered =
    defence === null ? 'which no defence stops' : `${defenceName(defence, plan)} ${defences[defence] ? 'on' : 'off'}`;
  return `${cheat} on ${topology}, ${answered}`;
}
