/** Those whom a peer of a mesh has to do with now, nearest first, one line each. */
import { fromMarkup, keepRows, part, rowAt, setText, setTexts } from '../dom.ts';
import type { MeshLink } from '../match/mesh-links.ts';
import type { MeshParticipant } from '../match/mesh-participant.ts';
import { type Witnessing, witnessingOf } from '../match/mesh-witnesses.ts';

const MARKUP = `<section class="peers mesh-peers">
  <h3>Links</h3>
  <table>
    <thead><tr><th>name</th><th title="Round trip">RTT</th>
      <th title="Directly, relayed by the rendezvous, or none yet: then a neighbour forwards what it tells">link</th>
      <th title="Both directions, without headers">kbit/s</th>
      <th title="Whether it is told where we are (→), tells us where it is (←), or both (⇄)">told</th>
      <th title="Witnesses: whether we judge it (→), it judges us (←), or both (⇄)">judge</th>
      <th title="In units; ≥ where only its tile is known">away</th></tr></thead>
    <tbody data-part="rows"></tbody>
  </table>
  <p class="checks" data-part="line"></p>
</section>`;

const COLUMNS = 7;

export class MeshPeers {
  readonly element = fromMarkup(MARKUP);
  readonly #participant: MeshParticipant;
  readonly #rows = part(this.element, 'rows');
  readonly #line = part(this.element, 'line');

  constructor(participant: MeshParticipant) {
    this.#participant = participant;
  }

  update(nowMs: number): void {
    const { session } = this.#participant;
    const links = this.#participant.links(nowMs);
    const witnessing = witnessingOf(session);
    this.element.classList.toggle('witnessed', session.settings?.defences.witnesses === true);
    keepRows(this.#rows, links.length);
    links.forEach((link, index) => {
      const row = rowAt(this.#rows, index, COLUMNS);
      row.dataset['link'] = link.reach;
      row.classList.toggle('outside', !link.isTold && !link.tells);
      setTexts(row, this.#texts(link, witnessing));
    });
    this.#showRendezvous();
  }

  #texts(link: MeshLink, { judges, judged }: Witnessing): string[] {
    const { id, name, rttMs, isPlaced, distance, isTold, tells } = link;
    return [
      name,
      Number.isFinite(rttMs) ? `${Math.round(rttMs)} ms` : '–',
      this.#reachText(link),
      this.#participant.measures.linkKbps(id).toFixed(1),
      arrow(isTold, tells),
      arrow(judged.has(id), judges.has(id)),
      Number.isFinite(distance) ? `${isPlaced ? '' : '≥ '}${Math.round(distance)}` : '–',
    ];
  }

  #reachText({ reach, via }: MeshLink): string {
    if (reach === 'dialling') return 'dialling …';
    if (reach !== 'forwarded') return reach;
    const name = this.#participant.session.rendezvous.nameOf(via);
    return name === '' ? 'forwarded' : `via ${name}`;
  }

  #showRendezvous(): void {
    const { rendezvous } = this.#participant.session;
    const isThere = rendezvous.state === 'entered';
    this.#line.dataset['state'] = isThere ? 'agree' : 'none';
    setText(this.#line, isThere ? 'the rendezvous is there' : 'the rendezvous is lost: the match goes on');
  }
}

/** From us to it, back, or both. */
function arrow(isOut: boolean, isBack: boolean): string {
  if (isOut) return isBack ? '⇄' : '→';
  return isBack ? '←' : '·';
}
