/** `netbed play`: the game, with a server, a host and a few bots in each. */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import pc from '../colours.ts';
import { BrokenRun } from '../exit.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { numberFrom } from '../plan-options.ts';
import { createProgress } from '../progress.ts';

interface PlayCommandOptions {
  bots: number;
  port: number;
  lan?: boolean;
  open: boolean;
}

export function addPlay(program: Command): void {
  program
    .command('play')
    .description('start the game: a server, a host peer, a few bots in each, and the page to join them')
    .option('--bots <n>', 'bots per match', numberFrom(0, 200), 12)
    .option('--port <n>', 'port of the page (default: any that is free)', numberFrom(0, 65_535), 0)
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
      const game = await startGame({ bots: options.bots, port: options.port, lan: options.lan ?? false, progress });
      try {
        for (const { topology, why } of game.missing) console.error(`${pc.yellow('!')} no '${topology}': ${why}`);
        console.log(`The game is at ${pc.bold(game.url)} (${game.running.join(', ')}). Ctrl-C ends it.`);
        if (options.lan) console.error('Everybody on this network can join; the traffic is not encrypted.');
        if (options.open) openPage(game.url);
        const reason = interrupt.signal.aborted ? null : await Promise.race([stopped, game.broken]);
        if (reason !== null) throw new BrokenRun(reason);
      } finally {
        await game.stop();
        interrupt.dispose();
      }
    });
}

/** Opens the page where there is a desktop; says nothing where there is none, since the address has been printed. */
function openPage(url: string): void {
  const { DISPLAY, WAYLAND_DISPLAY, CI } = process.env;
  const isDesktop = process.platform === 'darwin' || process.platform === 'win32' || DISPLAY || WAYLAND_DISPLAY;
  if (!isDesktop || CI) return;
  const [program, ...before] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  const child = spawn(program!, [...before, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
