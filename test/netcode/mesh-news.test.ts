/** Who is told own news of coins in a message of its own, and who with states. */
import { expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { mintPlace } from '../../game/mint.ts';
import { createCore, createStage } from '../../netcode/mesh/core.ts';
import { meshSettings } from '../../netcode/mesh/settings.ts';
import { peerOf, tellNews } from '../../netcode/mesh/telling.ts';

test('news of coins ride along with states; who is told these too rarely for that is told by themselves', () => {
  const settings = meshSettings({ ...DEFAULT_MATCH, players: 8 });
  const birth = { transport: 'datagram', room: 'MAIN', name: '', inputRateHz: 10, randomBytes: () => {} } as const;
  const core = createCore(birth, 0);
  core.stage = createStage(core, settings, () => {});
  const place = new Int32Array(2);
  mintPlace(core.stage.arena, 0, 1, place);
  const [x, y] = [place[0]!, place[1]!];
  /** Often, at half the rate, by the dead, while it lingers beyond sight, and not at all. */
  const shares = [1, 0.5, 0.2, 0, null];
  for (const [i, share] of shares.entries()) {
    const other = peerOf(core, i + 2, 0);
    other.link = 'up';
    other.isTold = share !== null;
    other.toldShare = share ?? 1;
    other.tile = ((y >> 14) << 8) | (x >> 14);
    other.tileAtMs = 0;
  }
  tellNews(core, [{ spot: 0, version: 1, generation: 1, since: 0, dropped: [] }], 10);
  const told = [...core.others.values()].filter(({ waiting }) => waiting.length > 0).map(({ id }) => id);
  const sent = core.outbox.drain().flatMap((request) => (request.type === 'send' ? [request.to] : []));
  expect(new Set([...told, ...sent])).toEqual(new Set([4, 5, 6]));
});
