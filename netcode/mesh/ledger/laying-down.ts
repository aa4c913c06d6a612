/** The coins of those who have left for good: where they lie, and who is told. */
import { PLAYER_RADIUS, VISION_RADIUS } from '../../../game/constants.ts';
import { mintPlace, placeNear } from '../../../game/mint.ts';
import type { PeerId } from '../../session.ts';
import { NO_CELL } from '../epoch.ts';
import { newsOf } from './coin-book.ts';
import { FOUNDING_EPOCH, type Ground } from './ground.ts';
import { encodeNews } from './news-codec.ts';
import { type CoinRecord, laid, NOBODY, type OutToken } from './record.ts';

/** Peers near a place who are told what lies there now; they tell it on. */
const MAX_TOLD = 8;
/** Epochs that are looked back for where somebody was last. */
const REMEMBERED_EPOCHS = 32;

/** The record after all whose seat is gone laid their tokens down; the same record where there are none. */
export function layDownOfGone(ground: Ground, spot: number, record: CoinRecord): CoinRecord {
  let next = record;
  const place = new Int32Array(2);
  for (const token of record.out) {
    if (token.holder === NOBODY || ground.newest!.seatOf(token.holder)) continue;
    lastPlace(ground, spot, token, place);
    next = laid(next, token, place[0]!, place[1]!);
  }
  return next;
}

/** Near the middle of the cell where its holder was last; where nobody knows, near its spot. */
function lastPlace(ground: Ground, spot: number, { generation, holder }: OutToken, out: Int32Array): void {
  const { arena } = ground.options;
  const cell = lastCell(ground, holder);
  mintPlace(arena, spot, generation, out);
  if (cell === NO_CELL) return;
  const most = arena.size - 1 - PLAYER_RADIUS;
  const x = Math.min(most, (cell & 0xff) * VISION_RADIUS + VISION_RADIUS / 2);
  const y = Math.min(most, (cell >>> 8) * VISION_RADIUS + VISION_RADIUS / 2);
  const [spotX, spotY] = out;
  if (placeNear(arena, x, y, VISION_RADIUS / 2, spot, generation, out)) return;
  out[0] = spotX!;
  out[1] = spotY!;
}

function lastCell(ground: Ground, peer: PeerId): number {
  for (let number = ground.number; number > ground.number - REMEMBERED_EPOCHS && number >= FOUNDING_EPOCH; number--) {
    const seat = ground.epochOf(number)?.seatOf(peer);
    if (seat) return seat.cell;
  }
  return NO_CELL;
}

/** Tells some of those near the tokens that were laid down since `before`. */
export function tellOfLaid(ground: Ground, spot: number, record: CoinRecord, before: number): void {
  const news = newsOf(spot, record);
  const bytes = encodeNews([news]);
  ground.laid.push(news);
  let left = MAX_TOLD;
  for (const { peer, cell, isAway } of ground.newest!.seats) {
    if (isAway || cell === NO_CELL || peer === ground.self) continue;
    const isNear = record.out.some(({ holder, since, x, y }) => {
      return holder === NOBODY && since > before && isBeside(x, cell & 0xff) && isBeside(y, cell >>> 8);
    });
    if (!isNear) continue;
    ground.sendBytes(peer, bytes.slice());
    if (--left === 0) return;
  }
}

const isBeside = (at: number, line: number) => Math.abs(Math.floor(at / VISION_RADIUS) - line) <= 1;
