/**
 * The process of a host peer. Settings and orders: links/authority-process.ts. Who launches it brings the host's own
 * player along, because policies live elsewhere.
 */
import { coinsError } from '../game/world.ts';
import { type ProcessSettings, runAuthorityProcess } from '../links/authority-process.ts';
import { AuthorityRecorder } from '../metrics/authority-recorder.ts';
import { allowOrigins } from './geckos-listener.ts';
import type { OwnPlayerOptions } from './own-player.ts';
import { startHost } from './start.ts';

export interface HostSettings extends ProcessSettings {
  /** The host has no player of its own. */
  dedicated?: boolean;
  /** Named origins beyond this machine's own from which pages may join; `*` for all. */
  origins?: string[];
}

/** Runs this process as a host. `playerOf` makes its own player from the settings; without it, one that stands still. */
export function runHostProcess<S extends HostSettings>(playerOf?: (settings: S) => OwnPlayerOptions): void {
  runAuthorityProcess<S>({
    start(settings, randomBytes, attach) {
      const { authority, port, bind, dedicated = false, origins } = settings;
      const standing = { name: 'host', inputRateHz: 10, prediction: true };
      return startHost({
        authority: { ...authority, transport: 'datagram', randomBytes },
        port,
        bind,
        attach,
        ...(dedicated ? {} : { player: playerOf?.(settings) ?? standing }),
        ...(origins ? { allowsOrigin: allowOrigins(origins) } : {}),
      });
    },
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
}
