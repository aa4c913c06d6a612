/** The other peers, one line each, and whether their worlds are still the same as ours. */
import { encodeReplay } from '../../netcode/lockstep/replay-codec.ts';
import { fromMarkup, keepRows, part, rowAt, setText, setTexts } from '../dom.ts';
import type { LockstepParticipant } from '../match/lockstep-participant.ts';

const MARKUP = `<section class="peers">
  <h3>Peers</h3>
  <table>
    <thead><tr><th>name</th><th title="Round trip">RTT</th><th title="Directly, or by way of the rendezvous">link</th>
      <th title="Ticks by which it is ahead of this page; negative: behind">ahead</th>
      <th title="Since something last came from it">heard</th></tr></thead>
    <tbody data-part="rows"></tbody>
  </table>
  <p class="checks" data-part="checks"></p>
  <button type="button" class="save" data-part="save" title="What happened, as this peer saw it: for netbed replay">Save
    the replay</button>
</section>`;

const COLUMNS = 5;
/** Silent for longer than this, a peer is suspected. */
const SUSPECT_AFTER_MS = 1000;
/** How a peer is reached, in a word. */
export const LINK_NAMES = { up: 'direct', relayed: 'relayed', down: 'none' } as const;

export class LockstepPeers {
  readonly element = fromMarkup(MARKUP);
  readonly #participant: LockstepParticipant;
  readonly #rows = part(this.element, 'rows');
  readonly #checks = part(this.element, 'checks');

  constructor(participant: LockstepParticipant) {
    this.#participant = participant;
    const save = part<HTMLButtonElement>(this.element, 'save');
    save.addEventListener('click', () => {
      saveReplay(participant);
      save.blur();
    });
  }

  update(nowMs: number): void {
    const { session } = this.#participant;
    const peers = [...session.peers.values()].sort((a, b) => a.id - b.id);
    keepRows(this.#rows, peers.length);
    peers.forEach((peer, index) => {
      const seat = session.roster.member(peer.id);
      const heardMs = nowMs - peer.lastHeardMs;
      const row = rowAt(this.#rows, index, COLUMNS);
      row.dataset['link'] = LINK_NAMES[peer.link];
      row.classList.toggle('silent', heardMs > SUSPECT_AFTER_MS);
      row.classList.toggle('outside', !seat);
      setTexts(row, [
        seat?.name || session.rendezvous.nameOf(peer.id) || `peer ${peer.id}`,
        Number.isFinite(peer.rttMs) ? `${Math.round(peer.rttMs)} ms` : '–',
        LINK_NAMES[peer.link],
        seat ? signed(-peer.aheadTicks) : '–',
        heardMs < 1000 ? `${Math.round(heardMs)} ms` : `${(heardMs / 1000).toFixed(1)} s`,
      ]);
    });
    this.#showChecks();
  }

  #showChecks(): void {
    const { state, text } = checksumState(this.#participant);
    this.#checks.dataset['state'] = state;
    setText(this.#checks, text);
  }
}

/** Hands the tape of this peer to the person as a file. */
function saveReplay({ session }: LockstepParticipant): void {
  if (!session.tape) return;
  const bytes = encodeReplay(session.tape.replay) as Uint8Array<ArrayBuffer>;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = `${session.rendezvous.room}-peer-${session.self}.replay`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function signed(ticks: number): string {
  const text = Math.abs(ticks).toFixed(1);
  return text === '0.0' ? text : `${ticks < 0 ? '−' : '+'}${text}`;
}

/** Whether this world is still the same as the others', in words. */
export function checksumState({ session, measures }: LockstepParticipant): { state: string; text: string } {
  const { desync } = measures;
  if (desync) {
    const { tick, peer, section, entity, field, mine, theirs } = desync;
    const who = session.roster.seats.findLast((seat) => seat.peer === peer)?.name ?? `peer ${peer}`;
    const text = `desync with ${who} at tick ${tick}: ${section} ${entity}, ${field} is ${mine} here and ${theirs} there`;
    return { state: 'desync', text };
  }
  const count = session.checksCompared;
  if (session.counters.desyncs > 0) return { state: 'desync', text: 'checksums differ: finding out where' };
  if (count === 0) return { state: 'none', text: 'no checksums compared yet' };
  return { state: 'agree', text: count === 1 ? '1 check agrees' : `${count} checks agree` };
}
