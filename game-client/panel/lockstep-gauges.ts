/** The network panel of a lockstep peer: ticks, who was waited for, and whether all worlds are the same. */
import type { LockstepParticipant } from '../match/lockstep-participant.ts';
import { drawnToggle, type Gauges, kbps, ms, percent, perS, reading, type Toggles, units } from './gauges.ts';
import { tickChart } from './lagometer.ts';
import { LockstepPeers } from './lockstep-peers.ts';

/** What a lockstep peer shows. */
export function lockstepGauges(participant: LockstepParticipant, toggles: Toggles): Gauges {
  const { session, measures } = participant;
  const delay = () => {
    const { delayTicks, tickMs } = session;
    return Number.isFinite(tickMs) ? `${delayTicks} t · ${Math.round(delayTicks * tickMs)} ms` : '–';
  };
  return {
    readings: [
      reading('rtt', 'RTT', 'Longest round trip to a peer that plays', () => ms(session.rttMs)),
      reading('delay', 'input delay', 'From taking an input to the tick it counts for, in ticks and ms', delay),
      reading('tick', 'tick', 'The newest tick that is final', () => `${session.confirmedTick}`),
      reading('stalls', 'stalls', 'Ticks that waited for somebody’s input', () => perS(measures.stallsPerS)),
      reading('waited', 'longest wait', 'Of the last second', (nowMs) => ms(measures.longestWaitMs(nowMs))),
      reading('error', 'correction', 'Greatest of the last second; a player is 32 units wide', (nowMs) =>
        units(measures.correction(nowMs)),
      ),
      reading('rollbacks', 'rollbacks', 'Wrong predictions of others’ inputs', () =>
        session.settings?.rollback === false ? 'off' : perS(measures.rollbacksPerS),
      ),
      reading('depth', 'rollback depth', 'Mean number of ticks stepped again', () =>
        session.settings?.rollback === false ? '–' : `${measures.depthTicks.toFixed(1)} t`,
      ),
      reading('relayed', 'relayed', 'Share of the bytes that went by way of the rendezvous', () =>
        percent(measures.relayedRatio),
      ),
      reading('up', 'up', 'Sent to all, without headers', () => kbps(measures.upKbps)),
      reading('down', 'down', 'Received from all, without headers', () => kbps(measures.downKbps)),
      reading(
        'views',
        'view changes',
        'How often it was agreed anew who plays, as seen from here',
        () => `${session.counters.viewChanges}`,
      ),
    ],
    chart: tickChart(measures),
    extra: new LockstepPeers(participant),
    toggles: [
      drawnToggle(toggles, 'ghosts', {
        label: 'final ghosts',
        help: 'Outlines where the newest final tick has everybody',
      }),
    ],
  };
}
