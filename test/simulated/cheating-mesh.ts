/** Meshes on virtual time in which some peers cheat, each beside an honest twin, and what came of it. */
import { type CheatNotes, cheatOf, noNotes, type Ring } from '../../bots/cheats/index.ts';
import { policyOf } from '../../bots/policies/index.ts';
import { DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { type LinkProfile, profileOf } from '../../netcode/link/profiles.ts';
import type { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import { type MeshDefences, meshSettings } from '../../netcode/mesh/settings.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { type MeshNode, SimulatedMesh } from '../../simulator/mesh.ts';

export interface CheatingPlan {
  cheat: string;
  seed: number;
  players?: number;
  /** Nodes 0 to pairs − 1 cheat, the next as many are their twins. */
  pairs?: number;
  seconds: number;
  defences?: Partial<MeshDefences>;
  profile?: LinkProfile;
  policy?: string;
  config?: Partial<MatchConfig>;
}

/** What an honest peer said. */
export interface Noted {
  node: MeshNode;
  event: SessionEvent;
  atMs: number;
}

export interface Outcome {
  match: SimulatedMesh;
  notes: CheatNotes[];
  events: Noted[];
  /** Honest peers that have nothing more to do with a cheater, by node. */
  bannedBy: MeshNode[];
  /** Peers other than cheaters that honest ones accused or banned, by node. */
  innocentsBlamed: number[];
  /** From its first try until an honest peer accused or banned a cheater; NaN when none did. */
  detectMs: number;
  /** Score per minute of each cheater less that of its twin, and the mean. */
  gains: number[];
  gain: number;
}

/** The match of a plan, nobody joined yet. */
export function castMesh(plan: CheatingPlan): { match: SimulatedMesh; notes: CheatNotes[]; events: Noted[] } {
  const { cheat: id, seed, players = 12, pairs = 1, defences = {}, profile = profileOf('good') } = plan;
  const cheat = cheatOf(id);
  const notes = Array.from({ length: pairs }, () => noNotes());
  const events: Noted[] = [];
  const ring: Ring = [];
  const honest = cheat.honestPolicy ?? plan.policy ?? 'hunter';
  const match = new SimulatedMesh({
    settings: meshSettings({ ...DEFAULT_MATCH, players, seed, ...plan.config }, { defences }),
    seed,
    profile,
    inputRateHz: 10,
    peers: Array.from({ length: players }, (_, index) => {
      const isCheater = index < pairs;
      const policy = policyOf(index < 2 * pairs ? honest : (plan.policy ?? 'hunter'));
      const stream = isCheater ? index + pairs : index;
      const brain = (isCheater ? (cheat.policy ?? policy) : policy).create(new Random(seed, 1000 + stream));
      const { wrapSession } = cheat;
      const wrap =
        isCheater && wrapSession ? { wrapSession: (s: MeshSession) => wrapSession(s, notes[index], ring) } : {};
      return { name: `peer ${index}`, decide: brain, ...wrap };
    }),
    onEvent: (node, event, atMs) => {
      if (node.number > pairs) events.push({ node, event, atMs });
    },
  });
  return { match, notes, events };
}

export function playMesh(plan: CheatingPlan): Outcome {
  const { match, notes, events } = castMesh(plan);
  const { pairs = 1, seconds } = plan;
  match.runUntil(() => match.isSettled, 400);
  const scores = () => match.nodes.map(({ session: { world, player } }) => world?.players.score[player] ?? 0);
  const before = scores();
  match.run({ ms: seconds * 1000 });
  const rates = scores().map((score, index) => ((score - before[index]!) * 60) / seconds);
  const gains = rates.slice(0, pairs).map((rate, index) => rate - rates[index + pairs]!);
  const accusing = events.flatMap(({ event, atMs, node }) => {
    const isAbout = event.type === 'accused' || event.type === 'banned' || event.type === 'equivocation';
    if (!isAbout) return [];
    const whom = match.nodes.findIndex(({ session }) => session.self === event.peer);
    return [{ whom, atMs, node, isBan: event.type === 'banned' }];
  });
  const caught = accusing.filter(({ whom }) => whom < pairs);
  const firstMs = Math.min(...notes.map(({ beganMs }) => beganMs ?? Number.POSITIVE_INFINITY));
  return {
    match,
    notes,
    events,
    bannedBy: [...new Set(caught.filter(({ isBan }) => isBan).map(({ node }) => node))],
    innocentsBlamed: [...new Set(accusing.map(({ whom }) => whom))].filter((whom) => whom >= pairs).sort(),
    detectMs: caught.length === 0 ? Number.NaN : caught[0]!.atMs - firstMs,
    gains,
    gain: gains.reduce((sum, gain) => sum + gain, 0) / pairs,
  };
}
