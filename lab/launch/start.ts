/** Starting the processes of a match: the one that decides, and those full of bots. */
import type { FromSwarm, ToSwarm } from '../../bots/swarm/messages.ts';
import type { Answer, Order, ProcessSettings } from '../../links/authority-process.ts';
import type { Plan } from '../../metrics/plan.ts';
import { Child } from '../children.ts';
import { BrokenRun } from '../exit.ts';
import { coresFor } from './cores.ts';
import type { Launcher } from './launcher.ts';

export type AuthorityChild = Child<Order, Answer>;
export type SwarmChild = Child<ToSwarm, FromSwarm>;

const START_TIMEOUT_MS = 20_000;

export interface AuthorityPlace {
  /** 0 lets the system choose. */
  port?: number;
  /** Address to listen on; default: this machine only. */
  bind?: string;
  /** Origins of pages that may join, beyond this machine's own. */
  origins?: string[];
}

/** Forks the process that decides; `ready` resolves with its address, or rejects with a BrokenRun. */
export function startAuthority(
  launcher: Launcher,
  plan: Plan,
  { port = 0, bind, origins }: AuthorityPlace = {},
): { child: AuthorityChild; ready: Promise<string> } {
  const entry = plan.inject === 'desync' ? new URL('./desync-authority.ts', import.meta.url) : launcher.entry;
  const child: AuthorityChild = new Child<Order, Answer>(
    launcher.authorityName,
    entry,
    coresFor('authority', plan.players),
  );
  const refused = new Promise<never>((_, reject) => {
    child.onMessage = (answer) => {
      if (answer.type === 'failed') reject(new BrokenRun(`${launcher.authorityName}: ${answer.message}`));
    };
  });
  const started = child.message('ready', START_TIMEOUT_MS).then(
    ({ url }) => url,
    (error: Error) => {
      throw new BrokenRun(error.message);
    },
  );
  const settings = {
    ...launcher.settings(plan, port),
    topology: plan.topology,
    ...(bind === undefined ? {} : { bind }),
    ...(origins === undefined ? {} : { origins }),
  } as ProcessSettings;
  child.send({ type: 'start', settings });
  return { child, ready: Promise.race([refused, started]) };
}

/** Forks a process for bots, on these cores; `ready` rejects with a BrokenRun when it does not come up. */
export function startSwarm(name: string, cores: string | null = null): { child: SwarmChild; ready: Promise<void> } {
  const child: SwarmChild = new Child<ToSwarm, FromSwarm>(
    name,
    new URL('../../bots/swarm/worker.ts', import.meta.url),
    cores,
  );
  const ready = child.message('ready', START_TIMEOUT_MS).then(
    () => {},
    (error: Error) => {
      throw new BrokenRun(error.message);
    },
  );
  return { child, ready };
}
