#!/usr/bin/env node
/**
 * The `netbed` command, for whatever Node finds it. netbed runs on Node 24, which reads TypeScript as it is; an older
 * Node starts the one that `npm ci` installed and hands everything over: arguments, streams, signals and exit code.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;

if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) {
  await import('./netbed.ts');
} else {
  const node = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(node)) {
    console.error(`netbed needs Node ${OLDEST_NODE}; this is ${process.versions.node}, and ${node} is missing.`);
    console.error('Run `npm ci` in the checkout: it installs Node 24 beside the other dependencies.');
    process.exit(3);
  }
  // The channel tells the newer Node when this one is gone, however it went.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NETBED_WRAPPED: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`netbed could not start ${node}: ${error.message}`);
    process.exit(3);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 3)));
}
