/** What the network panel shows, as data: readings, a chart and switches. Each way to take part has its own. */
import type { ClientParticipant } from '../match/client-participant.ts';
import type { PeerParticipant } from '../match/peer-participant.ts';
import type { AnyParticipant } from '../match/ways.ts';
import { type Chart, snapshotChart, tickChart } from './lagometer.ts';
import { PeersTable } from './peers-table.ts';

/** A reading: its label, what it means, and its text now. */
export interface Reading {
  id: string;
  label: string;
  help: string;
  read: (nowMs: number) => string;
}

/** A switch of what the netcode does. */
export interface Toggle {
  id: string;
  label: string;
  help: string;
  isOn: () => boolean;
  set: (on: boolean) => void;
}

export interface Gauges {
  readings: readonly Reading[];
  chart: Chart;
  /** Shown between chart and sliders. */
  extra: { element: HTMLElement; update: (nowMs: number) => void } | null;
  toggles: readonly Toggle[];
}

/** Switches of the page itself. */
export interface Toggles {
  ghosts: boolean;
}

const ms = (value: number) => (Number.isFinite(value) ? `${Math.round(value)} ms` : '–');
const kbps = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} kbit/s`;
const perS = (value: number) => `${value.toFixed(1)} /s`;
const percent = (ratio: number) => `${(ratio * 100).toFixed(1)} %`;
const units = (value: number) => `${value.toFixed(1)} u`;

export function gaugesOf(participant: AnyParticipant, toggles: Toggles): Gauges {
  return participant.kind === 'peer' ? peerGauges(participant, toggles) : clientGauges(participant, toggles);
}

function ghostsToggle(label: string, help: string, toggles: Toggles): Toggle {
  return {
    id: 'ghosts',
    label,
    help,
    isOn: () => toggles.ghosts,
    set: (on) => {
      toggles.ghosts = on;
    },
  };
}

function clientGauges({ session, measures }: ClientParticipant, toggles: Toggles): Gauges {
  const reading = (id: string, label: string, help: string, read: Reading['read']) => ({ id, label, help, read });
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
      ghostsToggle('server ghosts', 'Outlines where the newest snapshot has everybody', toggles),
    ],
  };
}

function peerGauges(participant: PeerParticipant, toggles: Toggles): Gauges {
  const { session, measures } = participant;
  const reading = (id: string, label: string, help: string, read: Reading['read']) => ({ id, label, help, read });
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
    extra: new PeersTable(participant),
    toggles: [ghostsToggle('final ghosts', 'Outlines where the newest final tick has everybody', toggles)],
  };
}
