import type { Command } from 'commander';

export function addAnswer(program: Command): void {
  program.command('answer');
}
