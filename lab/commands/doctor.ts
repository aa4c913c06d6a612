/** `netbed doctor`: whether this machine has what netbed needs. */
import type { Command } from 'commander';
import { examine, type Finding } from '../doctor/checks.ts';
import { Exit } from '../exit.ts';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check Node, open files, ports, WebRTC and the browser, and say what to do')
    .option('--json', 'print the findings as JSON')
    .action(async (options: { json?: boolean }) => {
      const findings = await examine();
      if (options.json) console.log(JSON.stringify(findings, null, 2));
      else for (const finding of findings) console.log(lineOf(finding));
      if (findings.some((finding) => finding.needed && !finding.ok)) process.exitCode = Exit.failed;
    });
}

function lineOf({ ok, needed, title, found, advice }: Finding): string {
  const state = ok ? 'ok' : needed ? 'problem' : 'warning';
  const line = `${state.padEnd(9)}${title.padEnd(12)}${found}`;
  if (ok || advice === undefined) return line;
  return `${line}\n${advice.replace(/^/gm, ' '.repeat(21))}`;
}
