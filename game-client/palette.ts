/**
 * Every colour of the page, so that canvas and style sheet agree. Cool ink for the place, mint for oneself, warm hues for
 * everybody who may shoot back, gold for coins, sky for shields; red is kept for what hurts.
 */

export const PALETTE = {
  ink: '#0d151d',
  floor: '#182530',
  floorLine: '#223442',
  floorLineBright: '#2b404f',
  blockTop: '#3a5468',
  blockEdge: '#5b7d95',
  blockFront: '#24384a',
  self: '#5ef0c0',
  gold: '#ffd25e',
  goldDark: '#c48a1c',
  shield: '#7cc9ff',
  danger: '#ff4d5e',
  shotMine: '#c6ffea',
  shotTheirs: '#ffb59a',
  truth: '#f4ff7a',
  text: '#e9f1f6',
  muted: '#9db1bf',
} as const;

/** Others, by their id: warm, apart from each other, none like gold or red. */
export const RIVALS = ['#ff8a73', '#ffa964', '#ff7fa8', '#d58bff', '#a79bff', '#f4a6d0'] as const;

/** Links, by what they are used for: mint where avatars are told, as oneself is drawn. */
export const LINK_COLORS = {
  told: PALETTE.self,
  linked: '#6aa8ff',
  relayed: '#ffb84d',
  forwarded: '#d58bff',
  dialling: PALETTE.muted,
} as const;

/** The number that Phaser takes for a CSS colour of the form #rrggbb. */
export function colorNumber(css: string): number {
  return Number.parseInt(css.slice(1), 16);
}

/** A colour moved towards black (amount < 0) or white (amount > 0); amounts from −1 to 1. */
export function shade(css: string, amount: number): string {
  const target = amount < 0 ? 0 : 255;
  const part = Math.abs(amount);
  const channel = (shift: number) => {
    const from = (colorNumber(css) >> shift) & 255;
    return Math.round(from + (target - from) * part);
  };
  return `rgb(${channel(16)} ${channel(8)} ${channel(0)})`;
}

/** A colour with an opacity from 0 to 1. */
export function withAlpha(css: string, alpha: number): string {
  const number = colorNumber(css);
  return `rgb(${number >> 16} ${(number >> 8) & 255} ${number & 255} / ${alpha})`;
}

/** Hands the palette to the style sheet as custom properties: `--gold`, `--floor-line`, … */
export function exportToStyle(root: HTMLElement): void {
  for (const [state, value] of Object.entries(LINK_COLORS)) root.style.setProperty(`--link-${state}`, value);
  for (const [name, value] of Object.entries(PALETTE)) {
    root.style.setProperty(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, value);
  }
}
