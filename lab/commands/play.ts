/** `netbed play`: the game, with a match per topology and a few bots in each. */
import { type Command, Option } from 'commander';
import pc from '../colours.ts';
import { BrokenRun } from '../exit.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { LAUNCHERS } from '../launch/index.ts';
import { openPage } from '../open-page.ts';
import { numberFrom } from '../plan-options.ts';
import { createProgress } from '../progress.ts';

interface PlayCommandOptions {
  topology: string[];
  inView?: number;
  defended?: boolean;
  bots: number;
  port: number;
  lan?: boolean;
  open: boolean;
}

export function addPlay(program: Command): void {
  program
    .command('play')
    .description('start the game: a match per topology with a few bots in each, and the page to join them')
    .addOption(
      new Option('--topology <ids...>', 'start only these')
        .choices(LAUNCHERS.map(({ topology }) => topology))
        .default([], 'all'),
    )
    .option('--bots <n>', 'bots per match', numberFrom(0, 200), 12)
    .option('--in-view <n>', 'players that one sees on average (default 30, in the mesh 8)', numberFrom(1, 1000))
    .option('--defended', 'lockstep, mesh: peers sign what they tell, and check each other')
    .addOption(
      new Option('--port <n>', 'port of the page').argParser(numberFrom(0, 65_535)).default(0, 'any that is free'),
    )
    .option('--lan', 'let other machines of the local network join')
    .option('--no-open', 'do not open the page in a browser')
    .action(async (options: PlayCommandOptions) => {
      const progress = createProgress();
      const interrupt = listenForInterrupt((line) => progress.say(line));
      const stopped = new Promise<null>((resolve) => {
        interrupt.signal.addEventListener('abort', () => resolve(null), { once: true });
      });
      // The page's bundler is large, and only this command needs it.
      const { startGame } = await import('../play.ts');
      const { topology, bots, port, lan = false, inView, defended = false } = options;
      const game = await startGame({
        topologies: topology,
        bots,
        port,
        lan,
        defended,
        progress,
        ...(inView ? { inView } : {}),
      });
      try {
        for (const { topology, why } of game.missing) console.error(`${pc.yellow('!')} no '${topology}': ${why}`);
        console.log(`The game is at ${pc.bold(game.url)} (${game.running.join(', ')}). Ctrl-C ends it.`);
        if (lan) console.error('Everybody on this network can join; the traffic is not encrypted.');
        if (options.open) openPage(game.url);
        const reason = interrupt.signal.aborted ? null : await Promise.race([stopped, game.broken]);
        if (reason !== null) throw new BrokenRun(reason);
      } finally {
        await game.stop();
        interrupt.dispose();
      }
    });
}
