import type { Command } from 'commander';

export function addPlay(program: Command): void {
  program.command('play');
}
