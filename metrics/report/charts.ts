/**
 * Plots as SVG text, drawn by ECharts without a browser, and again without a script to look at them. Each is drawn
 * twice, wide and narrow, and the page shows the one that fits. Colours of ink and lines are CSS variables, so that the
 * same plot is readable on light and on dark paper.
 */
import { type EChartsOption, init, type LineSeriesOption, type SeriesOption } from 'echarts';

/** Stand-ins that ECharts can parse; they become variables of the page in `themed`. */
const INK = '#010101';
const FAINT = '#020202';
const RULE = '#030303';
const LIMIT = '#040404';
const CARD = '#050505';
const VARIABLES: Record<string, string> = {
  [INK]: 'var(--ink)',
  [FAINT]: 'var(--faint)',
  [RULE]: 'var(--rule)',
  [LIMIT]: 'var(--limit)',
  [CARD]: 'var(--card)',
};

/** Told apart by people who see colours differently (after Okabe and Ito 2008), and mid-tone for both papers. */
export const COLOURS = ['#3b82d6', '#e07b39', '#2ea36f', '#b565c9', '#c9a227', '#4db6c6'];
const DASHES: LineSeriesOption['lineStyle'][] = [{ type: 'solid' }, { type: 'dashed' }, { type: 'dotted' }];

const SIZES = { wide: { width: 720, height: 380 }, narrow: { width: 380, height: 380 } } as const;
type Size = keyof typeof SIZES;

export interface Point {
  x: number;
  y: number;
  /** `ok` is a filled dot; a run past its level is a square, a void one a cross: it proves nothing. */
  mark: 'ok' | 'broke' | 'void';
}

export interface Line {
  label: string;
  /** Index into COLOURS; the topology. */
  colour: number;
  /** Index into dash patterns; the network. */
  dash: number;
  points: Point[];
}

export interface LinePlot {
  xName: string;
  yName: string;
  lines: Line[];
  /** Horizontal limits: the service levels. */
  limits: { label: string; y: number }[];
}

const SYMBOLS = { ok: 'circle', broke: 'rect', void: 'path://M0,2L2,0L5,3L8,0L10,2L7,5L10,8L8,10L5,7L2,10L0,8L3,5Z' };

export function linePlot(plot: LinePlot): string {
  return drawn((size) => {
    const series: SeriesOption[] = plot.lines.map((line) => ({
      type: 'line',
      name: line.label,
      color: COLOURS[line.colour % COLOURS.length]!,
      lineStyle: { width: 2, ...DASHES[line.dash % DASHES.length] },
      data: line.points.map(({ x, y, mark }) => ({
        value: [x, y],
        symbol: SYMBOLS[mark],
        symbolSize: mark === 'ok' ? 8 : 12,
      })),
    }));
    if (plot.limits.length > 0) {
      const highest = Math.max(...plot.limits.map(({ y }) => y));
      series.push({
        type: 'line',
        // An unseen point keeps the limits on the plot when all values lie far below them.
        data: [[0, highest]],
        symbol: 'none',
        lineStyle: { opacity: 0 },
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { color: LIMIT, type: [6, 4], width: 1.5 },
          label: { color: LIMIT, formatter: '{b}', fontSize: 12, textBorderColor: CARD, textBorderWidth: 3 },
          // Limits may lie close together: the highest is labelled above its line, the others below theirs.
          data: plot.limits.map(({ label, y }) => ({
            name: label,
            yAxis: y,
            label: { position: y === highest ? ('insideStartTop' as const) : ('insideStartBottom' as const) },
          })),
        },
      });
    }
    return {
      ...frame(
        size,
        plot.lines.map((line) => line.label),
      ),
      legend: legend(plot.lines.map((line) => line.label)),
      xAxis: { type: 'value', min: 0, ...axis(plot.xName, 'middle', size) },
      yAxis: spansDecades(plot.lines)
        ? { type: 'log', ...axis(plot.yName, 'end', size) }
        : { type: 'value', min: 0, ...axis(plot.yName, 'end', size) },
      series,
    };
  });
}

/** A host uploads a thousand times what its guests do: on a linear axis those would lie on the ground. */
function spansDecades(lines: readonly Line[]): boolean {
  const values = lines.flatMap(({ points }) => points.map(({ y }) => y));
  return Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > 50;
}

export interface BarPlot {
  yName: string;
  categories: string[];
  /** Parts that are stacked on one another, one value per category. */
  parts: { label: string; colour: number; stack: string; values: (number | null)[] }[];
}

export function barPlot(plot: BarPlot): string {
  return drawn((size) => ({
    ...frame(
      size,
      plot.parts.map((part) => part.label),
    ),
    legend: legend(plot.parts.map((part) => part.label)),
    xAxis: {
      type: 'category',
      data: plot.categories,
      ...axis('', 'middle', size),
      axisLabel: {
        color: INK,
        fontSize: 12,
        interval: 0,
        width: SIZES[size].width / (plot.categories.length + 1),
        overflow: 'break',
      },
      splitLine: { show: false },
    },
    yAxis: { type: 'value', min: 0, ...axis(plot.yName, 'end', size) },
    series: plot.parts.map((part) => ({
      type: 'bar',
      name: part.label,
      stack: part.stack,
      color: COLOURS[part.colour % COLOURS.length]!,
      barMaxWidth: 48,
      data: part.values,
    })),
  }));
}

export interface HeatMap {
  columns: string[];
  rows: string[];
  /** `text` is shown in the cell; `heat` is −1 (worse than honest) to 1 (a large gain); null is inconclusive. */
  cells: { column: number; row: number; heat: number | null; text: string }[];
}

export function heatMap(map: HeatMap): string {
  return drawn(
    (size) => ({
      ...frame(size, []),
      grid: { left: 8, right: 8, top: 12, bottom: 8, containLabel: true },
      xAxis: { type: 'category', data: map.columns, ...plainAxis(size), position: 'top' },
      yAxis: { type: 'category', data: map.rows, inverse: true, ...plainAxis(size) },
      visualMap: { type: 'piecewise', show: false, pieces: HEATS },
      series: [
        {
          type: 'heatmap',
          data: map.cells.map(({ column, row, heat, text }) => ({
            value: [column, row, heat ?? INCONCLUSIVE],
            itemStyle: { borderColor: RULE, borderWidth: 1 },
            label: {
              show: true,
              formatter: text,
              color: heat !== null && heat > 0.3 ? '#ffffff' : INK,
              fontSize: size === 'wide' ? 13 : 10,
              lineHeight: size === 'wide' ? 18 : 13,
            },
          })),
        },
      ],
    }),
    { wide: 90 + map.rows.length * 66, narrow: 90 + map.rows.length * 66 },
  );
}

const INCONCLUSIVE = -2;
/** Red for what gains, green for what does not, next to nothing where nobody can tell. */
const HEATS = [
  { max: -1.5, color: 'rgba(128,128,128,0.12)' },
  { min: -1.5, max: 0, color: 'rgba(46,163,111,0.30)' },
  { gt: 0, max: 0.3, color: 'rgba(208,64,52,0.35)' },
  { gt: 0.3, max: 0.7, color: 'rgba(208,64,52,0.75)' },
  { gt: 0.7, color: 'rgba(208,64,52,0.95)' },
];

function plainAxis(size: Size) {
  return {
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: INK, fontSize: size === 'wide' ? 13 : 11, interval: 0 },
    splitArea: { show: false },
  };
}

const LEGEND = { icon: 34, gap: 18, row: 25, character: 7 } as const;

/** Room for the legend's rows above the plot, as ECharts will break them, and for the name of the axis below them. */
function frame(size: Size, labels: readonly string[]): EChartsOption {
  let rows = labels.length > 0 ? 1 : 0;
  let used = 0;
  for (const label of labels) {
    const width = LEGEND.icon + 5 + label.length * LEGEND.character + LEGEND.gap;
    if (used > 0 && used + width > SIZES[size].width) {
      rows++;
      used = 0;
    }
    used += width;
  }
  return {
    animation: false,
    backgroundColor: 'transparent',
    textStyle: { color: INK, fontFamily: 'inherit' },
    grid: { left: 8, right: 24, top: 34 + LEGEND.row * rows, bottom: 30, containLabel: true },
  };
}

function legend(names: string[]) {
  return {
    data: names,
    top: 0,
    left: 0,
    itemWidth: LEGEND.icon,
    itemHeight: 8,
    itemGap: LEGEND.gap,
    textStyle: { color: INK, fontSize: 12 },
  };
}

function axis(name: string, nameLocation: 'middle' | 'end', size: Size) {
  const isX = nameLocation === 'middle';
  return {
    name,
    nameLocation,
    nameGap: isX ? 28 : 12,
    nameTextStyle: { color: FAINT, fontSize: 12, align: isX ? ('center' as const) : ('left' as const) },
    axisLine: { show: isX, lineStyle: { color: FAINT } },
    axisTick: { show: false },
    axisLabel: { color: INK, fontSize: 12, hideOverlap: true },
    splitNumber: size === 'wide' ? 6 : 4,
    splitLine: { show: !isX, lineStyle: { color: RULE } },
  };
}

/** Draws an option at both sizes. */
function drawn(option: (size: Size) => EChartsOption, heights?: Record<Size, number>): string {
  const draw = (size: Size) => {
    const { width, height } = SIZES[size];
    const chart = init(null, null, { renderer: 'svg', ssr: true, width, height: heights?.[size] ?? height });
    try {
      chart.setOption(option(size));
      return `<div class="${size}">${themed(chart.renderToSVGString())}</div>`;
    } finally {
      chart.dispose();
    }
  };
  return `<div class="plot">${draw('wide')}${draw('narrow')}</div>`;
}

/** Takes the fixed size away and puts the page's variables in. */
function themed(svg: string): string {
  let text = svg.replace(/^<svg width="\d+" height="\d+"/, '<svg role="img"');
  // What reacts to a pointer needs a script that is not there.
  text = text
    .replace(/ ecmeta_[a-z_]+="[^"]*"/g, '')
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/ class="zr[^"]*"/g, '');
  for (const [colour, variable] of Object.entries(VARIABLES)) text = text.replaceAll(colour, variable);
  return text.replace(/\n/g, '');
}
