/**
 * Coins, where the ledger meets the ground: what lies around as far as is known, what the avatar claims, what was granted,
 * and what neighbours hear of it. The ledger decides; here nothing is given or taken.
 */
import { SHIELD_PRICE, TILE } from '../../game/constants.ts';
import { nextPurchaseKey } from '../../game/input.ts';
import { raiseShield, touchesCoin } from '../../game/step.ts';
import { EventKind, Status } from '../../game/world.ts';
import { type Core, isOwnAlive, type Stage } from './core.ts';
import type { LyingCoin } from './ledger/coin-book.ts';
import { encodeNewsList } from './ledger/news-codec.ts';
import { tellNews } from './telling.ts';

/** Ticks for which own news ride along with states: several are told in that time, whatever the rate. */
const NEWS_TICKS = 8;
/** Spots in one state at most: its death drops a player's coins over many. */
const MAX_CARRIED = 12;
const NO_NEWS = new Uint8Array(0);

/** Claims every coin that the avatar touches. */
export function collect(core: Core, nowMs: number): void {
  const { world, ledger } = core.stage!;
  if (!isOwnAlive(core)) return;
  const x = world.players.x[core.player]!;
  const y = world.players.y[core.player]!;
  for (const coin of coinsInReach(core.stage!, x, y)) {
    if (!touchesCoin(x, y, coin.x, coin.y) || ledger.isPending(coin.token)) continue;
    if (ledger.take(coin.token, nowMs)) core.trust?.claimed(coin.token, coin.x, coin.y);
  }
}

/** Coins around (x, y), the only ones that can be touched: looked for anew when some changed, or the avatar has gone on. */
function coinsInReach({ ledger, reach }: Stage, x: number, y: number): readonly LyingCoin[] {
  const isNear = (coinX: number, coinY: number, most: number) =>
    Math.abs(coinX - x) <= most && Math.abs(coinY - y) <= most;
  if (reach.revision !== ledger.book.revision || !isNear(reach.x, reach.y, TILE)) {
    reach.revision = ledger.book.revision;
    reach.x = x;
    reach.y = y;
    reach.coins = [...ledger.book.lying].filter((coin) => isNear(coin.x, coin.y, 2 * TILE));
  }
  return reach.coins;
}

/** Asks for the purchase that the player wants; one at a time, and none for the dead. */
function askPurchase(core: Core, nowMs: number): void {
  const { world, ledger } = core.stage!;
  if (core.buying !== 0 || !core.intent.takePurchase() || !isOwnAlive(core)) return;
  core.buying = nextPurchaseKey(world.players.purchaseKey[core.player]!);
  ledger.buy(core.buying, nowMs);
}

/** What the ledger answered since the last tick happens in this one. */
export function hearLedger(core: Core, nowMs: number): void {
  const { world, ledger } = core.stage!;
  const { players, events } = world;
  const id = core.player;
  askPurchase(core, nowMs);
  for (const event of ledger.takeEvents()) {
    switch (event.type) {
      case 'taken':
        if (!event.granted) break;
        players.score[id]! += 1;
        events.add(EventKind.pickup, id, event.token, 1);
        break;
      case 'bought':
        core.buying = 0;
        players.purchaseKey[id] = event.key;
        if (event.granted && players.status[id] === Status.alive) {
          raiseShield(world, id);
          core.trust?.bought(event.tokens);
        }
        events.add(EventKind.purchase, id, event.key, event.granted ? SHIELD_PRICE : 0);
        core.outbox.tell({ type: 'purchased', player: id, key: event.key, granted: event.granted });
        break;
      case 'news':
        core.news.push({ news: event.news, untilTick: world.match.tick[0]! + NEWS_TICKS });
        tellNews(core, event.news, nowMs);
        break;
    }
  }
  players.coins[id] = ledger.held;
}

/** Own news ride along with several states, so that one lost datagram loses none; empty where there are none. */
export function recentNews(core: Core, tick: number): Uint8Array {
  if (core.news.length === 0) return NO_NEWS;
  core.news = core.news.filter(({ untilTick }) => tick < untilTick);
  const news = core.news.flatMap((recent) => recent.news).slice(-MAX_CARRIED);
  return news.length === 0 ? NO_NEWS : encodeNewsList(news);
}

/** Lays the coins that are known of into the world, where the view and the page find them, if anything has changed. */
export function layKnownCoins(stage: Stage): void {
  const { world, ledger, laidRevision } = stage;
  // What is claimed is not shown while it is: with claims under way each tick is another picture.
  stage.laidRevision = ledger.pending > 0 ? -1 : ledger.book.revision;
  if (laidRevision === ledger.book.revision && ledger.pending === 0) return;
  const { coins } = world;
  coins.amount.fill(0);
  for (const { id, x, y, token } of ledger.book.lying) {
    if (ledger.isPending(token)) continue;
    coins.amount[id] = 1;
    coins.x[id] = x;
    coins.y[id] = y;
  }
}
