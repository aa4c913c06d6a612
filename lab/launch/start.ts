/** Starting the processes of a match: the one that everybody joins at, and those full of bots. */
import type { FromSwarm, ToSwarm } from '../../bots/swarm/messages.ts';
import type { Plan } from '../../metrics/plan.ts';
import { Child, type Placement } from '../children.ts';
import { BrokenRun } from '../exit.ts';
import { placementOf } from './cores.ts';
import type { HubAnswer, HubOrder, HubSettings, Launcher } from './launcher.ts';

export type HubChild = Child<HubOrder, HubAnswer>;
export type SwarmChild = Child<ToSwarm, FromSwarm>;

const START_TIMEOUT_MS = 20_000;

/** Forks the process that everybody joins at; `ready` resolves with its address, or rejects with a BrokenRun. */
export function startHub(
  launcher: Launcher,
  plan: Plan,
  { port = 0, bind, origins }: Partial<HubSettings> = {},
): { child: HubChild; ready: Promise<string> } {
  const { hubName, isHubBusy } = launcher;
  const child: HubChild = new Child(hubName, launcher.entry(plan), placementOf('hub', plan.players, isHubBusy));
  const refused = new Promise<never>((_, reject) => {
    child.onMessage = (answer) => {
      if (answer.type === 'failed') reject(new BrokenRun(`${hubName}: ${answer.message}`));
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
  };
  child.send({ type: 'start', settings });
  return { child, ready: Promise.race([refused, started]) };
}

/** Forks a process for bots; `ready` rejects with a BrokenRun when it does not come up. */
export function startSwarm(name: string, placement?: Placement): { child: SwarmChild; ready: Promise<void> } {
  const entry = new URL('../../bots/swarm/worker.ts', import.meta.url);
  const child: SwarmChild = new Child<ToSwarm, FromSwarm>(name, entry, placement);
  const ready = child.message('ready', START_TIMEOUT_MS).then(
    () => {},
    (error: Error) => {
      throw new BrokenRun(error.message);
    },
  );
  return { child, ready };
}
