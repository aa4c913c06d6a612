/** What a replay tells, for people at a terminal. */
import { Button } from '../../game/input.ts';
import { aimOf, BUY } from '../../netcode/lockstep/input-word.ts';
import type { FieldDifference } from '../../netcode/lockstep/replay-bisect.ts';
import type { Desync } from '../../netcode/session.ts';
import pc from '../colours.ts';
import type { AgainstRules, Bisection } from './bisect.ts';
import type { Arrival, ReplaySummary, WorldSummary } from './summary.ts';

const number = (value: number) => value.toLocaleString('en-US');
const several = (count: number, one: string) => `${number(count)} ${one}${count === 1 ? '' : 's'}`;
/** Arrivals that are listed; a long match may have many. */
const MOST_LINES = 40;

function line(title: string, text: string): string {
  return `${title.padEnd(11)}${text}`;
}

export function describeReplay(summary: ReplaySummary): string {
  const { config, file, peer, firstTick, lastTick, ticks, seconds, views } = summary;
  const from = peer === null ? '' : `, the tape of peer ${peer}`;
  const netcode = [
    summary.rollback ? 'rollback' : 'no rollback',
    `input delay up to ${several(summary.maxDelayTicks, 'tick')}`,
    `seats held for ${several(summary.holdTicks, 'tick')}`,
    ...summary.defences,
  ];
  const lines = [
    pc.bold(`${file}${from}`),
    line(
      'match',
      `seed ${config.seed}, ${config.tickRateHz} Hz, ${config.scenario}, up to ${several(config.players, 'player')}`,
    ),
    line('netcode', netcode.join(', ')),
    line(
      'ticks',
      `${number(firstTick)} to ${number(lastTick)}: ${number(ticks)}, ${seconds.toFixed(1)} s${summary.isTruncated ? '; the tape was full or has a gap, and ends there' : ''}`,
    ),
  ];
  const last = views.at(-1);
  if (last)
    lines.push(
      line(
        'views',
        `${several(views.length, 'view')}; the last is number ${last.view & 0xffff}, with peers ${last.members.join(', ')}`,
      ),
    );
  if (!summary.sameRules) {
    lines.push(pc.yellow('The rules that recorded it are not those of this program: that alone makes ticks differ.'));
  }
  lines.push('', ...describeArrivals(summary.arrivals), '', ...describeWorld(summary.end, 'at the end'));
  for (const desync of summary.desyncs) lines.push(describeDesync(desync));
  return [...lines, '', verdictOf(summary)].join('\n');
}

function verdictOf({ divergence, ticks, file, firstTick }: ReplaySummary): string {
  if (ticks === 0) return 'It has no ticks, so there is nothing to compare.';
  if (!divergence) return pc.green(`All ${number(ticks)} ticks agree with the rules.`);
  const { tick, sections } = divergence;
  const before = tick - firstTick;
  return [
    pc.red(
      `Tick ${number(tick)} is the first that differs from the rules, in ${sections.join(', ')}; ${several(before, 'tick')} before it agree.`,
    ),
    `What it is: netbed replay ${file} --bisect`,
  ].join('\n');
}

function describeArrivals(arrivals: readonly Arrival[]): string[] {
  const lines = arrivals.slice(0, MOST_LINES).map(({ tick, slot, peer, name, what }) => {
    const who = peer === null ? '' : ` (peer ${peer})`;
    return `  tick ${number(tick).padStart(6)}  ${name}${who} ${what === 'was there' ? 'was there' : what}, slot ${slot}`;
  });
  if (arrivals.length > MOST_LINES) lines.push(`  and ${number(arrivals.length - MOST_LINES)} more`);
  return ['who came and left', ...lines];
}

export function describeWorld({ tick, players, shots, piles, coins }: WorldSummary, when: string): string[] {
  const { minted, held, lying, spent, error } = coins;
  const rows = players.map(({ slot, name, status, x, y, health, shield, coins: purse, score, kills, deaths }) => [
    name,
    `${slot}`,
    `${score}`,
    `${kills}`,
    `${deaths}`,
    `${purse}`,
    status === 'dead' ? 'down' : `${health}${shield > 0 ? `+${shield}` : ''}`,
    status === 'dead' ? '' : `${x.toFixed(1)}, ${y.toFixed(1)}`,
  ]);
  return [
    `the world ${when}, tick ${number(tick)}: ${several(players.length, 'player')}, ${several(shots, 'shot')}, ${several(piles, 'pile')} of coins`,
    ...table(['player', 'slot', 'score', 'kills', 'deaths', 'coins', 'health', 'place'], rows),
    line(
      'coins',
      `${minted} minted = ${held} held + ${lying} lying + ${spent} spent${error === 0 ? '' : pc.red(`, and ${error} lost or doubled`)}`,
    ),
  ];
}

function table(head: readonly string[], rows: readonly string[][]): string[] {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  // Names to the left, numbers to the right.
  const lineOf = (cells: readonly string[]) =>
    `  ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ')}`.trimEnd();
  return [pc.dim(lineOf(head)), ...rows.map(lineOf)];
}

const place = ({ section, entity, field }: { section: string; entity: number; field: string }) =>
  section === 'match' ? `match.${field}` : `${section}.${field} of ${entity}`;

function describeDesync(desync: Desync): string {
  const { tick, peer, mine, theirs } = desync;
  return line(
    'reported',
    `tick ${number(tick)}, against peer ${peer}: ${place(desync)} is ${mine} here and ${theirs} there`,
  );
}

export function describeBisection({ files, between, held }: Bisection): string {
  const lines = files.flatMap((file) => describeAgainstRules(file));
  if (between) {
    const { from, to, inputs, worlds, start } = between;
    const [left, right] = files.map(({ file }) => file);
    lines.push('', pc.bold(`${left} and ${right}`));
    if (from > to) lines.push('They have no tick in common: nothing to compare.');
    else lines.push(`In common: ticks ${number(from)} to ${number(to)}.`);
    if (start)
      lines.push(
        pc.red(
          `The later one began with another world: ${place(start)} was ${start.rules} in the match and ${start.here} there.`,
        ),
      );
    if (inputs) lines.push(...describeInputs(inputs, left!, right!));
    else if (from <= to) lines.push('Their inputs are the same.');
    if (worlds)
      lines.push(
        pc.red(`Their worlds differ from tick ${number(worlds.tick)} on, first in ${worlds.sections.join(', ')}.`),
      );
    else if (from <= to) lines.push('Their worlds are the same.');
    if (worlds && (!inputs || inputs.tick > worlds.tick)) lines.push(blame(files));
  }
  lines.push('', held ? pc.green('Everything agrees.') : pc.red('Not everything agrees.'));
  return lines.join('\n');
}

function describeAgainstRules({ file, divergence, flip, kept }: AgainstRules): string[] {
  if (!divergence) return [pc.bold(file), 'Follows the rules from its first tick to its last.'];
  const { tick, sections } = divergence;
  const lines = [
    pc.bold(file),
    pc.red(`Tick ${number(tick)} is the first that differs from the rules, in ${sections.join(', ')}.`),
  ];
  if (flip) {
    const when = flip.when === 'after' ? '' : ` It flipped before tick ${number(tick)}, which made the rest of it.`;
    lines.push(
      `One flipped bit explains it: bit ${flip.bit} of ${place(flip)}, ${flip.rules} by the rules and ${flip.here} here.${when}`,
    );
    lines.push(`From there on the rules give the tape's checksums for ${several(flip.explainedTicks, 'tick')}.`);
  } else {
    lines.push('No single flipped bit explains it.');
  }
  if (kept) {
    lines.push(
      `When it was noticed, after tick ${number(kept.tick)}, ${several(kept.words, 'word')} differed from the rules:`,
    );
    for (const one of kept.first) lines.push(`  ${describeField(one)}`);
    if (kept.words > kept.first.length) lines.push(`  and ${number(kept.words - kept.first.length)} more`);
  }
  return lines;
}

function describeField(one: FieldDifference): string {
  const bits = (one.rules ^ one.here) >>> 0;
  const isOne = (bits & (bits - 1)) === 0;
  return `${place(one)}: ${one.rules} by the rules, ${one.here} here${isOne ? ` (bit ${31 - Math.clz32(bits)})` : ''}`;
}

function describeInputs(
  { tick, slot, left, right }: { tick: number; slot: number; left: number; right: number },
  a: string,
  b: string,
): string[] {
  const what =
    left === -1 || right === -1
      ? 'one of them knew of no such player: they had heard of different members'
      : 'two stories were told of one input (equivocation)';
  return [
    pc.red(`The inputs of slot ${slot} differ at tick ${number(tick)}: ${what}.`),
    `  ${a}: ${describeWord(left)}`,
    `  ${b}: ${describeWord(right)}`,
  ];
}

/** An input in words: `up right, fire, aim 1024`. */
export function describeWord(word: number): string {
  if (word === -1) return 'nobody has the slot';
  const names = Object.entries(Button).filter(([, bit]) => bit !== Button.buy && (word & bit) !== 0);
  const walks = names.filter(([, bit]) => bit !== Button.fire).map(([name]) => name);
  const parts = [walks.join(' ') || 'stands'];
  if ((word & Button.fire) !== 0) parts.push('fire');
  if ((word & BUY) !== 0) parts.push('buy');
  return `${parts.join(', ')}, aim ${aimOf(word)}`;
}

/** With the same inputs only one world can be right: whoever follows the rules has it. */
function blame(files: readonly AgainstRules[]): string {
  const wrong = files.filter(({ divergence }) => divergence !== null).map(({ file }) => file);
  if (wrong.length === 0) return 'Both follow the rules from where they begin: they began with different worlds.';
  return wrong.length === 1
    ? `The inputs are the same, so ${wrong[0]} is the one that went wrong.`
    : 'Both went wrong.';
}
