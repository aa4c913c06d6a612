/**
 * Measures that only a mesh has, where everybody owns its avatar and is heard of by those who can see it: links to
 * neighbours, what was forwarded, rows that differ from their owners' truth, accusations. Elsewhere each says why not.
 */
import type { MeasureSheet } from '../audit/measure-sheet.ts';
import type { Sweep } from '../audit/sweep.ts';
import { trafficOf } from '../audit/traffic.ts';
import type { Truth } from '../audit/truth.ts';
import type { AuditOptions } from '../auditor.ts';
import type { AuthorityMeta } from '../authority-recorder.ts';
import { linkUpload, UPLOADS } from '../cost.ts';
import { Distribution } from '../histogram.ts';
import type { MeasureName } from '../measures.ts';
import type { SwarmRecording } from '../swarm-recorder.ts';
import { setupTimes } from './encounters.ts';
import { EQUIVOCATION } from './mesh-notes.ts';

/**
 * What a peer sends until a link is open, headers included, besides what diallers say through others: STUN, DTLS with a
 * certificate each way, SCTP. Measured by `npm run bench:links`.
 */
const LINK_SETUP_BYTES = 2800;

const OF_A_MESH: MeasureName[] = [
  'timeline.spread.p99',
  'divergence.ratio',
  'divergence.count',
  'neighbour.setup.p50',
  'neighbour.setup.p99',
  'links.opened.rate',
  'links.setup',
  'up.states',
  'up.links',
  'up.links.formula',
  'recipients.mean',
  'forwarded.ratio',
  'accusations.rate',
];

/** Why none of them can exist where avatars have no owners. */
export function withoutOwners(out: MeasureSheet): void {
  out.absent(OF_A_MESH, 'only where everybody owns its avatar');
}

export function addMesh(
  out: MeasureSheet,
  meta: AuthorityMeta,
  swarms: readonly SwarmRecording[],
  { sweep, truth, peers, headerBytes }: { sweep: Sweep; truth: Truth; peers: number; headerBytes: number },
): void {
  const seconds = (meta.untilMs - meta.fromMs) / 1000;
  const played = peers * seconds;
  const sum = (pick: (swarm: SwarmRecording) => number) => swarms.reduce((total, swarm) => total + pick(swarm), 0);
  const whyNone = 'no peer played';

  const why = sweep.viewers.length > 0 ? 'no row was compared with the truth' : 'no viewer was measured';
  out.set('divergence.ratio', sweep.compared > 0 ? sweep.differing / sweep.compared : null, why);
  out.set('divergence.count', sweep.compared > 0 ? sweep.differing : null, why);
  const proven = provenLiars(swarms);
  const whyZero = 'owners do not check each other’s worlds: only proven equivocation counts; see divergence.ratio';
  out.note('desync.count', proven, whyZero);

  const logs = sweep.viewers.map(({ log }) => log);
  const setup = setupTimes(truth, logs, swarms, meta);
  const whySetup = logs.length > 0 ? 'nobody came into view while measured' : 'no viewer was measured';
  out.set('neighbour.setup.p50', setup.percentile(50), whySetup);
  out.set('neighbour.setup.p99', setup.percentile(99), whySetup);
  out.set('links.opened.rate', played > 0 ? sum(({ meta: { mesh } }) => mesh.linksOpened) / played : null, whyNone);
  const opened = sum(({ meta: { mesh } }) => mesh.linksOpened);
  const setupKbps = played > 0 ? (opened * LINK_SETUP_BYTES * 8) / 1000 / played : null;
  out.set('links.setup', setupKbps, whyNone, 'modelled');
  const told = sum(({ meta: { mesh } }) => mesh.stateBytes + mesh.states * headerBytes);
  out.set('up.states', played > 0 ? (told * 8) / 1000 / played : null, whyNone);
  out.set('recipients.mean', recipientsOf(swarms).mean, 'no peer told how many it tells');
  addLinkUpload(out, meta, swarms, { openedHz: played > 0 ? opened / played : 0, headerBytes });

  const stateBytes = sum(({ meta: { mesh } }) => mesh.stateBytes);
  const forwarded = sum(({ meta: { mesh } }) => mesh.forwardedBytes);
  const all = stateBytes + forwarded;
  out.set('forwarded.ratio', all > 0 ? forwarded / all : null, 'no state was counted');
  const accused = sum(({ meta: { mesh } }) => mesh.accused);
  out.set('accusations.rate', played > 0 ? (accused / played) * 3600 : null, whyNone);
}

/** What links cost besides states, counted and in closed form. */
function addLinkUpload(
  out: MeasureSheet,
  meta: AuthorityMeta,
  swarms: readonly SwarmRecording[],
  { openedHz, headerBytes }: { openedHz: number; headerBytes: number },
): void {
  const { pings, links: signals = 0 } = uploadsOf(meta, swarms, headerBytes);
  out.set('up.links', pings === undefined ? null : pings + signals, 'no ping was counted');
  const told = recipientsOf(swarms).mean;
  const links = new Distribution();
  for (const swarm of swarms) links.merge(new Distribution(swarm.meta.peers.links));
  const formula =
    told === null || links.mean === null ? null : linkUpload({ links: links.mean, told, openedHz, headerBytes });
  out.set('up.links.formula', formula, 'no peer told its links', 'modelled');
}

/** Players who signed two things of which only one can be true. */
function provenLiars(swarms: readonly SwarmRecording[]): number {
  const accusations = swarms.flatMap(({ meta }) => meta.mesh.accusations);
  return new Set(accusations.filter(({ reason }) => reason === EQUIVOCATION).map(({ whom }) => whom)).size;
}

/** How often each reason was given. */
export function accusationsOf(swarms: readonly SwarmRecording[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { meta } of swarms) {
    for (const { reason } of meta.mesh.accusations) counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

/** What a peer uploads by what it is for, in kbit/s with transport headers, the most first; together up.wire.mean. */
export function uploadsOf(
  { fromMs, untilMs }: AuthorityMeta,
  swarms: readonly SwarmRecording[],
  headerBytes: number,
): Record<string, number> {
  const { participants } = trafficOf(swarms);
  if (participants === 0) return {};
  const perPeer = 8 / (untilMs - fromMs) / participants;
  const kbps = new Map<string, number>();
  for (const { meta } of swarms) {
    for (const [part, { messages, bytes }] of Object.entries(meta.mesh.upload)) {
      kbps.set(part, (kbps.get(part) ?? 0) + (bytes + messages * headerBytes) * perPeer);
    }
  }
  return Object.fromEntries([...kbps].sort(([, a], [, b]) => b - a));
}

function recipientsOf(swarms: readonly SwarmRecording[]): Distribution {
  const recipients = new Distribution();
  for (const { meta } of swarms) recipients.merge(new Distribution(meta.mesh.recipients));
  return recipients;
}

/**
 * Upload of a peer that tells its state to those who can see it, in closed form: k·f·(h + b) with the run's own mean of
 * recipients k and of a state's bytes b. The rate f is the one it means to send at; who sends by need has none.
 */
export function addMeshFormula(
  out: MeasureSheet,
  swarms: readonly SwarmRecording[],
  { headerBytes, sendRateHz = null }: AuditOptions,
): void {
  const recipients = recipientsOf(swarms).mean;
  const states = swarms.reduce((sum, { meta }) => sum + meta.mesh.states, 0);
  const stateBytes = swarms.reduce((sum, { meta }) => sum + meta.mesh.stateBytes, 0);
  if (sendRateHz === null) {
    out.absent(['up.formula'], 'states are sent by need: there is no one rate to calculate with');
    return;
  }
  if (recipients === null || states === 0) {
    out.absent(['up.formula'], 'its inputs were not recorded: recipients, states and their bytes');
    return;
  }
  const upload = UPLOADS.interestMesh({
    players: trafficOf(swarms).participants,
    rateHz: sendRateHz,
    inInterest: recipients,
    entityBytes: stateBytes / states,
    headerBytes,
  });
  out.set('up.formula', upload, undefined, 'modelled');
}
