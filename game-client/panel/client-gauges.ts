/** The network panel of a client: snapshots, and what prediction and interpolation make of them. */
import type { ClientParticipant } from '../match/client-participant.ts';
import { drawnToggle, type Gauges, kbps, ms, percent, perS, reading, type Toggles, units } from './gauges.ts';
import { snapshotChart } from './lagometer.ts';

/** What a client of an authority shows. */
export function clientGauges({ session, measures }: ClientParticipant, toggles: Toggles): Gauges {
  return {
    readings: [
      reading('rtt', 'RTT', 'Smoothed round trip', () => ms(session.rttMs)),
      reading('jitter', 'jitter', 'Mean deviation of the round trip', () => ms(session.jitterMs)),
      reading('loss', 'loss', 'Snapshots of the last 2 s that should have come and did not', () =>
        percent(measures.lossRatio),
      ),
      reading('age', 'snapshot age', 'Since the newest snapshot was made', (nowMs) =>
        ms(measures.snapshotAgeMs(nowMs)),
      ),
      reading(
        'error',
        'prediction error',
        'Greatest correction of the last second; a player is 32 units wide',
        (nowMs) => units(measures.predictionError(nowMs)),
      ),
      reading('rate', 'snapshots', 'Arriving per second', () => perS(measures.snapshotsPerS)),
      reading('up', 'up', 'Sent, without headers', () => kbps(measures.upKbps)),
      reading('down', 'down', 'Received, without headers', () => kbps(measures.downKbps)),
      reading('tick', 'tick', 'Of the newest snapshot', () => `${session.view?.tick ?? '–'}`),
    ],
    chart: snapshotChart(measures),
    extra: null,
    toggles: [
      {
        id: 'prediction',
        label: 'prediction',
        help: 'Move at once, before the authority has answered',
        isOn: () => session.prediction,
        set: (on) => {
          session.prediction = on;
        },
      },
      {
        id: 'interpolation',
        label: 'interpolation',
        help: 'Draw others between two past snapshots',
        isOn: () => session.interpolation,
        set: (on) => {
          session.interpolation = on;
        },
      },
      drawnToggle(toggles, 'ghosts', {
        label: 'server ghosts',
        help: 'Outlines where the newest snapshot has everybody',
      }),
    ],
  };
}
