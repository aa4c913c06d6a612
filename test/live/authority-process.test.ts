/** What only the process of an authority owes whoever starts it and whoever looks for it. */
import { afterEach, describe, expect, test } from 'vitest';
import { LIVE_TOPOLOGIES, LiveMatch, until } from './harness.ts';

for (const topology of LIVE_TOPOLOGIES) {
  describe(`the authority's process under '${topology.id}'`, () => {
    let match: LiveMatch | null = null;
    const start = async (): Promise<LiveMatch> => {
      match = await LiveMatch.start(topology);
      return match;
    };
    afterEach(async () => {
      const code = await match?.stop();
      if (match) expect(code).toBe(0);
      match = null;
    });

    test('a port in use is named, and the process ends', async () => {
      const live = await start();
      await expect(LiveMatch.start(topology, { port: live.port })).rejects.toThrow(
        /cannot listen on 127\.0\.0\.1:\d+: something else listens there/,
      );
    });

    test('nobody listening is a sentence, not a hang', async () => {
      const live = await start();
      const { url } = live;
      await live.stop();
      let closed = '';
      const end = topology.openEnd(url);
      end.onClose = (reason) => {
        closed = reason;
      };
      expect(await until('the end gives up', () => closed)).toMatch(/nobody listens at http:/);
    });

    test('a process whose parent goes away ends by itself', async () => {
      const live = await start();
      await live.join('ada');
      live.child.disconnect();
      await until('the process is gone', () => !live.isUp);
      expect(live.child.exitCode).toBe(0);
    });
  });
}
