/**
 * The entry of a swarm process. It obeys the process that forked it and ends when the channel to it closes, so no swarm
 * outlives its run. Swarms are processes and not threads: the native library behind data channels aborts with two of them.
 */
import { writeFileSync } from 'node:fs';
import type { FromSwarm, ToSwarm } from './messages.ts';
import type { WayIn } from './participant.ts';
import { Swarm } from './swarm.ts';
import { wayIntoMatchesOf } from './ways-in.ts';

const PROGRESS_EVERY_MS = 250;

let swarm: Swarm | null = null;
let wayIn: WayIn | null = null;
let progress: ReturnType<typeof setInterval> | undefined;

function tell(message: FromSwarm): void {
  if (process.connected) process.send!(message, () => {});
}

async function obey(message: ToSwarm): Promise<void> {
  switch (message.type) {
    case 'start': {
      wayIn = await wayIntoMatchesOf(message.orders.endpoint.topology);
      const started = new Swarm(message.orders, wayIn);
      swarm = started;
      const report = () => tell({ type: 'progress', ...started.progress });
      progress = setInterval(report, PROGRESS_EVERY_MS);
      started.onSettled = () => {
        clearInterval(progress);
        report();
        tell({ type: 'settled', ...started.progress });
      };
      started.start();
      return;
    }
    case 'measure':
      swarm?.measure(message.fromMs, message.untilMs);
      return;
    case 'rest':
      swarm?.rest();
      return;
    case 'state':
      writeFileSync(message.path, JSON.stringify(swarm?.statements ?? []));
      tell({ type: 'stated' });
      return;
    case 'finish': {
      clearInterval(progress);
      finish(message.path);
      return;
    }
  }
}

/** Everybody leaves, and what was recorded is written to files whose names begin with `path`. */
function finish(path: string): void {
  const seats = swarm?.stop() ?? [];
  const truth = swarm?.truth ? `${path}-truth` : null;
  if (swarm) writeFileSync(path, swarm.recorder.finish());
  if (truth) writeFileSync(truth, swarm!.truth!.finish());
  const replays = (swarm?.replays ?? []).map(({ peer, bytes }) => {
    const file = `${path}-replay-${peer}`;
    writeFileSync(file, bytes);
    return { peer, path: file };
  });
  tell({ type: 'finished', path, truth, replays, seats });
}

/** The process's last act: native threads would keep it alive. */
function end(): never {
  wayIn?.cleanup();
  process.exit(0);
}

process.on('disconnect', () => {
  swarm?.stop();
  // Closing handshakes get a moment, so that the authority sees leavers and not losses.
  setTimeout(end, 100);
});
process.on('message', (message: ToSwarm) => {
  obey(message).catch((error: Error) => {
    console.error(error);
    process.exit(1);
  });
});
tell({ type: 'ready' });
