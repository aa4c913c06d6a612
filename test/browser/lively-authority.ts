/**
 * A process with a real server or a real host peer and a few bots in it, for pages to join. Arguments: the topology, the
 * bots' policies (separated by commas), and optionally a match config as JSON. The address goes to the parent; the process
 * ends with it.
 */
import { randomFillSync } from 'node:crypto';
import { policyOf } from '../../bots/policies/index.ts';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { DEFAULT_AUTHORITY } from '../../netcode/authority-options.ts';
import { topologyOf } from '../../netcode/topologies/index.ts';
import { OwnPlayer } from '../../p2p-host/own-player.ts';
import { startHost } from '../../p2p-host/start.ts';
import { startServer } from '../../server/start.ts';

const [topologyId = 'server', bots = '', config = '{}'] = process.argv.slice(2);
const cast = bots === '' ? [] : bots.split(',');
const NAMES = 'Amber Basil Clover Dune Ember Fig Ginger Hazel Iris Juniper Koa Laurel Moss Nutmeg Olive Pepper'.split(
  ' ',
);

const { transport } = topologyOf(topologyId);
const options = {
  port: 0,
  authority: {
    ...DEFAULT_AUTHORITY,
    config: { ...DEFAULT_MATCH, players: cast.length + 8, ...JSON.parse(config) },
    transport,
    randomBytes: (into: Uint8Array) => {
      randomFillSync(into);
    },
  },
};
const running = topologyId === 'host' ? await startHost(options) : await startServer(options);
cast.forEach((policy, bot) => {
  const name = `${NAMES[bot % NAMES.length]}${bot < NAMES.length ? '' : Math.floor(bot / NAMES.length) + 1}`;
  const decide = policyOf(policy).create(new Random(7, bot));
  new OwnPlayer(running.driver, { name, inputRateHz: 10, prediction: false, decide });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url: running.url });
