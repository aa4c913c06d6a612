/** Whether all have the same world: checksums once a second, and what differs, down to the field (desync-watch.ts). */
import { ByteReader, ByteWriter } from '../bytes.ts';
import type { PeerId } from '../session.ts';
import { type Core, selfOf } from './core.ts';
import type { Peer } from './peer.ts';
import { encodePeerMessage, type PeerMessage, partsOf } from './peer-messages.ts';
import { readSparseWords, writeSparseWords } from './state-codec.ts';
import { send, sendReliable } from './talking.ts';

/** A tick that is final is summed up, and the members are told. */
export function tellChecksums(core: Core, tick: number, nowMs: number): void {
  const { watch, truth } = core.stage!;
  const history = core.roster.history(tick);
  const sums = watch.note(tick, history, truth.state(tick)!);
  if (core.role === 'member') {
    const bytes = encodePeerMessage({ type: 'checksum', tick, history, sums });
    for (const { peer } of core.roster.members) if (peer !== selfOf(core)) send(core, peer, bytes);
  }
  compareChecksums(core, nowMs);
}

export function compareChecksums(core: Core, nowMs: number): void {
  const { watch } = core.stage!;
  for (const { tick, section, peer } of watch.compare()) {
    core.counters.desyncs++;
    sendSection(core, peer, tick, section, nowMs);
  }
  nameWaiting(core, nowMs);
}

/** The own words of a section in which a peer's world differs. */
function sendSection(core: Core, peer: PeerId, tick: number, section: number, nowMs: number): void {
  const writer = new ByteWriter(1024);
  writeSparseWords(writer, core.stage!.watch.sectionWords(tick, section)!);
  for (const part of partsOf(writer.finish())) {
    sendReliable(core, peer, { type: 'section', tick, section, ...part }, nowMs);
  }
}

/** A peer sent the words of a section in which it differs from us. */
export function nameDesync(
  core: Core,
  peer: Peer,
  message: Extract<PeerMessage, { type: 'section' }>,
  nowMs: number,
): void {
  const whole = peer.assembly.add(message.index, message.count, message.bytes);
  if (!whole || !core.stage) return;
  // One per peer: who differs says so once.
  const { tick, section } = message;
  const words = core.stage.watch.emptySection(section);
  readSparseWords(new ByteReader(whole), words);
  core.sections.set(peer.id, { tick, section, words });
  nameWaiting(core, nowMs);
}

/** Compares the sections that came with the own ones, as far as the own world is there: a faster peer's come early. */
function nameWaiting(core: Core, nowMs: number): void {
  for (const [peer, { tick, section, words }] of core.sections) {
    if (tick > core.stage!.truth.tick) continue;
    core.sections.delete(peer);
    nameOne(core, peer, tick, section, words, nowMs);
  }
}

function nameOne(core: Core, peer: PeerId, tick: number, section: number, theirs: Int32Array, nowMs: number): void {
  const { watch, truth } = core.stage!;
  const desync = watch.difference(peer, tick, section, theirs);
  if (!desync) return;
  // Its checksums may have been lost on the way to us, but not that it differs: it is answered in kind, once.
  if (watch.tell(peer)) {
    core.counters.desyncs++;
    sendSection(core, peer, tick, section, nowMs);
  }
  const afterMs = nowMs - core.steppedMs[tick % core.steppedMs.length]!;
  core.tape?.noteDesync(desync, truth.state(tick));
  core.outbox.tell({ type: 'desync', ...desync, afterMs });
}
