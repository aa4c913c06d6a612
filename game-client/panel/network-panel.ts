/** The network panel: what the link does, what the netcode does about it, and switches for both. */
import type { ClientSession } from '../../netcode/client-session.ts';
import { fromMarkup, part, setText } from '../dom.ts';
import type { Match } from '../match.ts';
import { LAGOMETER_LEGEND, Lagometer } from './lagometer.ts';
import { createSliders } from './sliders.ts';

/** A reading: its label, what it means, and its text now. */
interface Reading {
  id: string;
  label: string;
  help: string;
  read: (match: Match, nowMs: number) => string;
}

const ms = (value: number) => (Number.isFinite(value) ? `${Math.round(value)} ms` : '–');
const kbps = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} kbit/s`;

const READINGS: readonly Reading[] = [
  {
    id: 'rtt',
    label: 'RTT',
    help: 'Smoothed round trip',
    read: ({ session }) => ms(session.rttMs),
  },
  {
    id: 'jitter',
    label: 'jitter',
    help: 'Mean deviation of the round trip',
    read: ({ session }) => ms(session.jitterMs),
  },
  {
    id: 'loss',
    label: 'loss',
    help: 'Snapshots of the last 2 s that should have come and did not',
    read: ({ measures }) => `${(measures.lossRatio * 100).toFixed(1)} %`,
  },
  {
    id: 'age',
    label: 'snapshot age',
    help: 'Since the newest snapshot was made',
    read: ({ measures }, nowMs) => ms(measures.snapshotAgeMs(nowMs)),
  },
  {
    id: 'error',
    label: 'prediction error',
    help: 'Greatest correction of the last second; a player is 32 units wide',
    read: ({ measures }, nowMs) => `${measures.predictionError(nowMs).toFixed(1)} u`,
  },
  {
    id: 'rate',
    label: 'snapshots',
    help: 'Arriving per second',
    read: ({ measures }) => `${measures.snapshotsPerS.toFixed(1)} /s`,
  },
  {
    id: 'up',
    label: 'up',
    help: 'Sent, without headers',
    read: ({ measures }) => kbps(measures.upKbps),
  },
  {
    id: 'down',
    label: 'down',
    help: 'Received, without headers',
    read: ({ measures }) => kbps(measures.downKbps),
  },
  {
    id: 'tick',
    label: 'tick',
    help: 'Of the newest snapshot',
    read: ({ session }) => `${session.view?.tick ?? '–'}`,
  },
];

const SHOWN_EVERY_MS = 100;

export interface Toggles {
  ghosts: boolean;
}

export class NetworkPanel {
  readonly element: HTMLElement;
  readonly #match: Match;
  readonly #lagometer = new Lagometer();
  readonly #values: HTMLElement[];
  #dueMs = 0;

  constructor(match: Match, toggles: Toggles) {
    this.#match = match;
    const cells = READINGS.map(
      ({ id, label, help }) => `<div title="${help}"><dt>${label}</dt><dd data-part="${id}">–</dd></div>`,
    ).join('');
    const legend = LAGOMETER_LEGEND.map(
      ([color, text]) => `<span><i style="background:${color}"></i>${text}</span>`,
    ).join('');
    this.element = fromMarkup(`<section class="panel card" aria-label="Network panel" hidden>
      <header><h2>Network</h2><span>${match.topology.links}</span></header>
      <dl class="readings">${cells}</dl>
      <div data-part="lagometer"></div>
      <p class="legend">${legend}</p>
      <h3>Make it worse</h3>
      <div data-part="sliders"></div>
      <h3>What netcode does</h3>
      <div class="toggles" data-part="toggles"></div>
    </section>`);
    part(this.element, 'lagometer').replaceWith(this.#lagometer.element);
    part(this.element, 'sliders').replaceWith(createSliders(match.profile, (profile) => match.setProfile(profile)));
    this.#values = READINGS.map(({ id }) => part(this.element, id));
    addToggles(part(this.element, 'toggles'), match.session, toggles);
  }

  toggle(): boolean {
    this.element.hidden = !this.element.hidden;
    this.#dueMs = 0;
    return !this.element.hidden;
  }

  update(nowMs: number): void {
    if (this.element.hidden || nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + SHOWN_EVERY_MS;
    READINGS.forEach((reading, index) => {
      setText(this.#values[index]!, reading.read(this.#match, nowMs));
    });
    this.#lagometer.draw(this.#match.measures);
  }
}

function addToggles(into: HTMLElement, session: ClientSession, toggles: Toggles): void {
  const add = (id: string, label: string, help: string, on: boolean, change: (on: boolean) => void) => {
    const row = fromMarkup(`<label class="toggle" title="${help}"><input type="checkbox" data-toggle="${id}" />
      <i></i><span>${label}</span></label>`);
    const box = row.querySelector('input')!;
    box.checked = on;
    box.addEventListener('change', () => {
      change(box.checked);
      box.blur();
    });
    into.append(row);
  };
  add('prediction', 'prediction', 'Move at once, before the authority has answered', session.prediction, (on) => {
    session.prediction = on;
  });
  add('interpolation', 'interpolation', 'Draw others between two past snapshots', session.interpolation, (on) => {
    session.interpolation = on;
  });
  add('ghosts', 'server ghosts', 'Outlines where the newest snapshot has everybody', toggles.ghosts, (on) => {
    toggles.ghosts = on;
  });
}
