/** The process of a server. Settings and orders: links/authority-process.ts. */
import { coinsError } from '../game/world.ts';
import { runAuthorityProcess } from '../links/authority-process.ts';
import { AuthorityRecorder } from '../metrics/authority-recorder.ts';
import { startServer } from './start.ts';

runAuthorityProcess({
  start: ({ authority, port, bind }, randomBytes, attach) =>
    startServer({ authority: { ...authority, transport: 'stream', randomBytes }, port, bind, attach }),
  coinsError: ({ world }) => coinsError(world),
  createRecorder: ({ world: { arena } }, { tape = true }) =>
    new AuthorityRecorder({
      capacity: arena.capacity,
      arenaSize: arena.size,
      tickRateHz: arena.config.tickRateHz,
      tape,
      checksums: tape,
    }),
});
