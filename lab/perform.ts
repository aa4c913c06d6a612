/**
 * From a plan to a record on disk, live or simulated: the match is played, what was recorded is audited, the run checks
 * itself, and `runs/<time>-<plan>/` holds the outcome, whole or partial.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Replay } from '../bots/swarm/messages.ts';
import { createArena } from '../game/arena.ts';
import { audit } from '../metrics/auditor.ts';
import { AuthorityRecorder, type AuthorityRecording, decodeAuthority } from '../metrics/authority-recorder.ts';
import { composeRecord } from '../metrics/compose-record.ts';
import type { Plan } from '../metrics/plan.ts';
import type { RunRecord } from '../metrics/record.ts';
import { writeRun } from '../metrics/record-files.ts';
import { runSelfChecks } from '../metrics/self-checks.ts';
import { HEADER_BYTES } from '../netcode/link/link-model.ts';
import { profileOf } from '../netcode/link/profiles.ts';
import { OFFSET_STEP } from '../netcode/snapshot-codec.ts';
import { type Topology, topologyOf } from '../netcode/topologies/index.ts';
import { aboutRun } from './about.ts';
import { cheatPairs } from './cheat-pairs.ts';
import { launcherOf } from './launch/index.ts';
import { matchConfigOf } from './launch/launcher.ts';
import { type LiveResult, playLive } from './launch/live.ts';
import type { Progress } from './progress.ts';
import { referenceActivity } from './reference.ts';
import { playSimulated } from './simulate.ts';

export interface PerformOptions {
  progress: Progress;
  signal: AbortSignal;
  /** Directory that holds the runs. */
  out: string;
  /** Port that a live match is joined at; 0 lets the system choose. */
  port?: number;
}

export interface Performed {
  record: RunRecord;
  /** Where it was written. */
  directory: string;
  /** Files of what peers executed whose worlds have parted. */
  replays: string[];
  /** The run broke, or was stopped: its record is partial. */
  ended: 'whole' | 'stopped' | 'broken';
}

/** Without the vision filter snapshots reach four times as far, in steps four times as large. */
const UNFILTERED_STEP_FACTOR = 4;

/** Performs a plan. Throws a BrokenRun when the match could not begin. */
export async function perform(plan: Plan, options: PerformOptions): Promise<Performed> {
  const { progress, signal } = options;
  const startedAt = new Date();
  const startedMs = performance.now();
  progress.stage('Playing the reference match of these policies');
  const reference = await referenceActivity(plan);
  const played = plan.simulated
    ? await playSimulated({ plan, progress, signal })
    : await playLive({ plan, launcher: launcherOf(plan.topology), progress, signal, port: options.port ?? 0 });
  progress.stage('Auditing');
  const topology = topologyOf(plan.topology);
  const authorityPlays = topology.authorityIsPlayer && !plan.dedicated;
  const audited = audit(played.authority ?? nothingRecorded(plan, played.window), played.swarms, {
    evidence: plan.simulated ? 'simulated' : 'measured',
    // A live host's own player is in its own process and joins by itself.
    expectedJoins: plan.players - (authorityPlays && !plan.simulated ? 1 : 0),
    quantisation: quantisationOf(plan, topology),
    headerBytes: HEADER_BYTES[topology.transport],
    authorityPlays,
    decides: topology.decides,
    rollback: plan.rollback,
    rendezvous: played.rendezvous ?? null,
    ledger: played.ledger ?? null,
    sendRateHz: sendRateOf(plan, topology),
    reference,
  });
  const record = composeRecord({
    plan,
    evidence: plan.simulated ? 'simulated' : 'measured',
    audit: audited,
    selfChecks: runSelfChecks(audited, plan),
    context: {
      tickRateHz: plan.tickRateHz,
      // Of the direct way: a detour over an authority is the topology's own.
      baseOneWayMs: profileOf(plan.network).baseRttMs / 2,
      uplinkKbps: null,
      downlinkKbps: null,
    },
    cheats: cheatPairs(plan, played, audited),
    about: aboutRun(startedAt, (performance.now() - startedMs) / 1000),
    interrupted: played.interrupted,
  });
  const directory = await writeRun(options.out, record, audited.series);
  const replays = await writeReplays(directory, played.replays ?? []);
  progress.finish();
  return {
    record,
    directory,
    replays,
    ended: played.broken ? 'broken' : played.interrupted !== null ? 'stopped' : 'whole',
  };
}

/** What peers mean to send to each other; null where an authority sends, or where there is no one rate. */
function sendRateOf({ tickRateHz, snapshotRateHz, send }: Plan, { decides }: Topology): number | null {
  // Who simulates tells all others of every tick, whether or not there is a new input.
  if (decides === 'nobody') return tickRateHz;
  return decides === 'owners' && send === 'flat' ? snapshotRateHz : null;
}

/** Step of the positions that viewers hold; those who simulate hold the very numbers, and owners tell them. */
function quantisationOf({ defences }: Plan, { decides }: Topology): number {
  if (decides !== 'authority') return 0;
  return OFFSET_STEP * (defences.visionFilter ? 1 : UNFILTERED_STEP_FACTOR);
}

async function writeReplays(directory: string, replays: readonly Replay[]): Promise<string[]> {
  const files: string[] = [];
  for (const { peer, bytes } of replays) {
    const file = join(directory, `replay-peer${peer}.netbed`);
    await writeFile(file, bytes);
    files.push(file);
  }
  return files;
}

/** What an authority that died has left: a recording without rows, so that its record is readable like any other. */
function nothingRecorded(plan: Plan, window: LiveResult['window']): AuthorityRecording {
  const { capacity, size } = createArena(matchConfigOf(plan));
  const recorder = new AuthorityRecorder({ capacity, arenaSize: size, tickRateHz: plan.tickRateHz });
  if (window) recorder.measure(window.fromMs, window.untilMs);
  return decodeAuthority(recorder.finish());
}
