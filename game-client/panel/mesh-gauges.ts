/** The network panel of a peer of a mesh: links, how old what one believes is, and what all agree on. */
import type { MeshParticipant } from '../match/mesh-participant.ts';
import { drawnToggle, type Gauges, kbps, ms, percent, perS, reading, type Toggles, units } from './gauges.ts';
import { stateChart } from './lagometer.ts';
import { MeshPeers } from './mesh-peers.ts';

export function meshGauges(participant: MeshParticipant, toggles: Toggles): Gauges {
  const { session, measures } = participant;
  const ageMs = (ticks: number | undefined) => ms((ticks ?? Number.NaN) * session.tickMs);
  return {
    readings: [
      reading('rtt', 'RTT', 'Longest round trip to a neighbour', () => ms(session.rttMs)),
      reading('age', 'age', 'Mean time since those in sight told where they are', () =>
        ageMs(measures.newest?.meanAgeTicks),
      ),
      reading(
        'misjudged',
        'misjudged',
        'How far off somebody was drawn, at most, until it told anew; in the last second. A player is 32 units wide',
        (nowMs) => units(measures.misjudged(nowMs)),
      ),
      reading('told', 'told', 'Own states told to others', () => perS(measures.perS('told'))),
      reading('heard', 'heard', 'States of others that came', () => perS(measures.perS('heard'))),
      reading('forwarded', 'forwarded', 'States passed on for those who have no link yet', () =>
        perS(measures.perS('forwarded')),
      ),
      reading('links', 'links', 'Open ones, those that are relayed included', () => `${countLinks(participant)}`),
      reading('opened', 'opened', 'Links that came up', () => perS(measures.perS('linksOpened'))),
      reading('relayed', 'relayed', 'Share of the bytes that went by way of the rendezvous', () =>
        percent(measures.relayedRatio),
      ),
      reading('up', 'up', 'Sent to all, without headers', () => kbps(measures.upKbps)),
      reading('down', 'down', 'Received from all, without headers', () => kbps(measures.downKbps)),
      reading('tick', 'tick offset', 'By which the own ticks are ahead of the room’s time; negative: behind', () =>
        signedMs(measures.offsetMs),
      ),
      reading('coins', 'claims', 'Claims of coins that their homes have not answered yet', () =>
        session.ledger?.isRecalling ? 'recalling' : `${session.ledger?.pending ?? 0} open`,
      ),
      reading('epoch', 'epoch', 'How often it was agreed anew who takes part', () => `${session.epoch?.number ?? '–'}`),
      reading('seats', 'seats', 'Taken in this epoch; away: of peers that may come back', () => seatsText(participant)),
    ],
    chart: stateChart(measures),
    extra: new MeshPeers(participant),
    toggles: [
      drawnToggle(toggles, 'links', {
        label: 'links',
        help: 'Lines to everybody one is linked with',
        note: `<b class="told">told</b> over the link where avatars are · <b class="linked">held ready</b> ·
          <b class="relayed">relayed</b> by the rendezvous · <b class="forwarded">- - forwarded</b> by a neighbour · - - being made`,
      }),
      drawnToggle(toggles, 'ghosts', {
        label: 'believed and told',
        help: 'Outlines where others last told they are, beside where they are drawn',
        note: `drawn: where it is believed to be by now · outline: where it last told it is, with a number so many ticks ago ·
          <b class="true">✕</b> where it really is, which only other tabs of this browser tell, and no bot`,
      }),
    ],
  };
}

function countLinks({ session }: MeshParticipant): number {
  let links = 0;
  for (const { isReachable } of session.peers.values()) if (isReachable) links++;
  return links;
}

function seatsText({ session }: MeshParticipant): string {
  const seats = session.epoch?.seats ?? [];
  const away = seats.filter(({ isAway }) => isAway).length;
  return away === 0 ? `${seats.length}` : `${seats.length}, ${away} away`;
}

function signedMs(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const text = Math.abs(value).toFixed(1);
  return `${value < 0 && text !== '0.0' ? '−' : '+'}${text} ms`;
}
