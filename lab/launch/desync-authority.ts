/** The process of an authority, server or host, whose recorder lies once: the planted fault `desync`. */
import { brainOf } from '../../bots/swarm/brain.ts';
import { coinsError } from '../../game/world.ts';
import { type ProcessSettings, runAuthorityProcess } from '../../links/authority-process.ts';
import type { HostOrders } from './host-main.ts';
import { LyingRecorder } from './lying-recorder.ts';

type Settings = ProcessSettings & { topology: string };

runAuthorityProcess<Settings>({
  async start(settings, randomBytes, attach) {
    const { authority, port, bind } = settings;
    if (settings.topology === 'server') {
      const { startServer } = await import('../../server/start.ts');
      return startServer({ authority: { ...authority, transport: 'stream', randomBytes }, port, bind, attach });
    }
    const { startHost } = await import('../../p2p-host/start.ts');
    const { role, inputRateHz } = settings as unknown as HostOrders;
    const player = role && { name: 'host', inputRateHz, prediction: true, decide: brainOf(role) };
    return startHost({
      authority: { ...authority, transport: 'datagram', randomBytes },
      port,
      bind,
      attach,
      ...(player ? { player } : {}),
    });
  },
  coinsError: ({ world }) => coinsError(world),
  createRecorder: ({ world: { arena } }) =>
    new LyingRecorder({ capacity: arena.capacity, arenaSize: arena.size, tickRateHz: arena.config.tickRateHz }),
});
