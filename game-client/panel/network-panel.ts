/** The network panel: what the links do, what the netcode does about it, and switches for both. */
import { fromMarkup, part, setText } from '../dom.ts';
import type { Match } from '../match/match.ts';
import type { AnyParticipant } from '../match/ways.ts';
import { clientGauges } from './client-gauges.ts';
import type { Gauges, Toggle, Toggles } from './gauges.ts';
import { Lagometer } from './lagometer.ts';
import { lockstepGauges } from './lockstep-gauges.ts';
import { meshGauges } from './mesh-gauges.ts';
import { createSliders } from './sliders.ts';

const SHOWN_EVERY_MS = 100;

export class NetworkPanel {
  readonly element: HTMLElement;
  readonly #gauges: Gauges;
  readonly #lagometer: Lagometer;
  readonly #values: HTMLElement[];
  #dueMs = 0;

  constructor(match: Match, toggles: Toggles) {
    this.#gauges = gaugesOf(match.participant, toggles);
    const { readings, chart, extra } = this.#gauges;
    this.#lagometer = new Lagometer(chart.label);
    const cells = readings
      .map(({ id, label, help }) => `<div title="${help}"><dt>${label}</dt><dd data-part="${id}">–</dd></div>`)
      .join('');
    const legend = chart.legend
      .map(([color, text]) => `<span><i style="background:${color}"></i>${text}</span>`)
      .join('');
    this.element = fromMarkup(`<section class="panel card" aria-label="Network panel" hidden>
      <header><h2>Network</h2><span>${match.topology.links}</span></header>
      <dl class="readings">${cells}</dl>
      <div data-part="lagometer"></div>
      <p class="legend">${legend}</p>
      <div data-part="extra"></div>
      <h3>Make it worse</h3>
      <div data-part="sliders"></div>
      <h3>What netcode does</h3>
      <div class="toggles" data-part="toggles"></div>
    </section>`);
    part(this.element, 'lagometer').replaceWith(this.#lagometer.element);
    part(this.element, 'extra').replaceWith(...(extra ? [extra.element] : []));
    part(this.element, 'sliders').replaceWith(createSliders(match.profile, (profile) => match.setProfile(profile)));
    this.#values = readings.map(({ id }) => part(this.element, id));
    part(this.element, 'toggles').append(...this.#gauges.toggles.map(createToggle));
  }

  toggle(): boolean {
    this.element.hidden = !this.element.hidden;
    this.#dueMs = 0;
    return !this.element.hidden;
  }

  update(nowMs: number): void {
    if (this.element.hidden || nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + SHOWN_EVERY_MS;
    const { readings, chart, extra } = this.#gauges;
    readings.forEach((reading, index) => {
      setText(this.#values[index]!, reading.read(nowMs));
    });
    chart.draw(this.#lagometer);
    extra?.update(nowMs);
  }
}

function gaugesOf(participant: AnyParticipant, toggles: Toggles): Gauges {
  switch (participant.kind) {
    case 'client':
      return clientGauges(participant, toggles);
    case 'lockstep':
      return lockstepGauges(participant, toggles);
    case 'mesh':
      return meshGauges(participant, toggles);
  }
}

/** A switch, and what is to be seen while it is on. */
function createToggle({ id, label, help, note, isOn, set }: Toggle): HTMLElement {
  const row = fromMarkup(`<label class="toggle" title="${help}"><input type="checkbox" data-toggle="${id}" />
    <i></i><span>${label}</span>${note ? `<span class="note">${note}</span>` : ''}</label>`);
  const box = row.querySelector('input')!;
  box.checked = isOn();
  box.addEventListener('change', () => {
    set(box.checked);
    box.blur();
  });
  return row;
}
