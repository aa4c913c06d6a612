/** `netbed replay`: plays what a peer recorded again, tick by tick, and finds where it goes wrong. */
import type { Command } from 'commander';
import { Exit, UsageError } from '../exit.ts';
import { numberFrom } from '../plan-options.ts';
import { bisect } from '../replay/bisect.ts';
import { type LoadedReplay, loadReplay } from '../replay/load.ts';
import { stateAt, summarise } from '../replay/summary.ts';
import { describeBisection, describeReplay, describeWorld } from '../replay/text.ts';

interface ReplayOptions {
  json?: boolean;
  to?: number;
  bisect?: string | true;
  watch?: boolean;
  open: boolean;
  port: number;
}

export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('play what a lockstep peer recorded again, and find the first tick that went wrong')
    .argument('<file>', 'a replay')
    .option('--to <tick>', 'print the world as it is after this tick', numberFrom(0, 0x7fffffff))
    .option('--bisect [other]', "name the first tick that differs, from the rules and from another peer's replay")
    .option('--watch', 'show it in the page')
    .option('--port <n>', 'port of the page (0: any that is free)', numberFrom(0, 65_535), 0)
    .option('--no-open', 'do not open the page in a browser')
    .option('--json', 'print the result as JSON')
    .action(async (file: string, options: ReplayOptions) => {
      checkCombination(options);
      const loaded = loadReplay(file);
      if (options.watch) {
        // The page's bundler is large, and only this needs it.
        const { watchReplay } = await import('../replay/watch.ts');
        await watchReplay(loaded, options);
      } else if (options.bisect !== undefined) printBisection(loaded, options);
      else if (options.to !== undefined) printState(loaded, options.to, options);
      else printSummary(loaded, options);
    });
}

function checkCombination({ to, bisect, watch, json }: ReplayOptions): void {
  const chosen = [to !== undefined && '--to', bisect !== undefined && '--bisect', watch && '--watch'].filter(Boolean);
  if (chosen.length > 1)
    throw new UsageError(`option '${chosen[1]}': not together with ${chosen[0]}; ask for one at a time`);
  if (watch && json) throw new UsageError("option '--json': not together with --watch, which prints an address");
}

function printSummary(loaded: LoadedReplay, { json }: ReplayOptions): void {
  const summary = summarise(loaded);
  console.log(json ? JSON.stringify(summary, null, 2) : describeReplay(summary));
  if (summary.divergence) process.exitCode = Exit.failed;
}

function printState({ file, replay }: LoadedReplay, tick: number, { json }: ReplayOptions): void {
  const { startTick, ticks } = replay;
  const lastTick = startTick + ticks.length;
  if (tick < startTick || tick > lastTick) {
    throw new UsageError(`option '--to ${tick}': ${file} has ticks ${startTick} to ${lastTick}`);
  }
  const { world, divergence } = stateAt(replay, tick);
  if (json) console.log(JSON.stringify({ file, ...world, divergence }, null, 2));
  else {
    const lines = describeWorld(world, 'by the rules');
    if (divergence) lines.push(`The tape differs from the rules since tick ${divergence.tick}.`);
    console.log(lines.join('\n'));
  }
  if (divergence) process.exitCode = Exit.failed;
}

function printBisection(loaded: LoadedReplay, { bisect: other, json }: ReplayOptions): void {
  const result = bisect(loaded, typeof other === 'string' ? loadReplay(other) : null);
  console.log(json ? JSON.stringify(result, null, 2) : describeBisection(result));
  if (!result.held) process.exitCode = Exit.failed;
}
