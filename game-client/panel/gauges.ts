/** What the network panel shows, as data: readings, a chart and switches. Each way to take part has its own. */
import type { Chart } from './lagometer.ts';

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
  /** What is seen while it is on: printed below the switches. */
  note?: string;
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

/** Switches of the page itself: what is drawn besides the match. */
export interface Toggles {
  /** Where others are by the newest truth that is held here. */
  ghosts: boolean;
  /** Lines to those one is linked with. */
  links: boolean;
}

export const ms = (value: number) => (Number.isFinite(value) ? `${Math.round(value)} ms` : '–');
export const kbps = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} kbit/s`;
export const perS = (value: number) => `${value.toFixed(1)} /s`;
export const percent = (ratio: number) => `${(ratio * 100).toFixed(1)} %`;
export const units = (value: number) => `${value.toFixed(1)} u`;

export function reading(id: string, label: string, help: string, read: Reading['read']): Reading {
  return { id, label, help, read };
}

/** A switch of what is drawn. */
export function drawnToggle(
  toggles: Toggles,
  name: keyof Toggles,
  texts: Pick<Toggle, 'label' | 'help' | 'note'>,
): Toggle {
  return {
    id: name,
    ...texts,
    isOn: () => toggles[name],
    set: (on) => {
      toggles[name] = on;
    },
  };
}
