/** News of coins as messages: what neighbours tell each other of what lies where. */
import type { Arena } from '../../../game/arena.ts';
import { ByteReader, ByteWriter } from '../../bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../../protocol.ts';
import type { CoinNews, DroppedCoin } from './coin-book.ts';
import { MAX_OUT } from './record.ts';

/** Spots in one message; a message that would be longer leaves out the rest. */
export const MAX_NEWS = 64;

/** One message with the first `MAX_NEWS` of the news. */
export function encodeNews(news: readonly CoinNews[]): Uint8Array {
  return new ByteWriter(128).u8(PROTOCOL_VERSION).u8(Kind.meshNews).bytes(encodeNewsList(news)).finish();
}

/** The same without version and kind, to be part of another message. */
export function encodeNewsList(news: readonly CoinNews[]): Uint8Array {
  const writer = new ByteWriter(64);
  const told = news.slice(0, MAX_NEWS);
  writer.u8(told.length);
  for (const { spot, version, generation, since, dropped } of told) {
    writer.u16(spot).u32(version).u16(generation).u32(since).u8(dropped.length);
    for (const coin of dropped) writer.u16(coin.generation).u32(coin.since).u32(coin.x).u32(coin.y);
  }
  return writer.finish();
}

/** Throws a ProtocolError on anything that is not exactly one message of news of that arena's match. */
export function decodeNews(bytes: Uint8Array, arena: Arena): CoinNews[] {
  return decodeNewsList(bytes.subarray(2), arena);
}

/** The same of a list without version and kind. */
export function decodeNewsList(bytes: Uint8Array, arena: Arena): CoinNews[] {
  const reader = new ByteReader(bytes);
  const count = reader.u8();
  if (count > MAX_NEWS) throw new ProtocolError(`news of ${count} spots`);
  const news = Array.from({ length: count }, () => readNews(reader, arena));
  reader.end();
  return news;
}

function readNews(reader: ByteReader, arena: Arena): CoinNews {
  const spot = reader.u16();
  const version = reader.u32();
  const generation = reader.u16();
  const since = reader.u32();
  const count = reader.u8();
  if (spot >= arena.config.players) throw new ProtocolError(`news of spot ${spot}`);
  if (since > version || generation > version) throw new ProtocolError('a coin from after its record');
  if (count > MAX_OUT || count > generation) throw new ProtocolError(`${count} coins of one spot`);
  const dropped: DroppedCoin[] = [];
  for (let i = 0; i < count; i++) {
    const coin = { generation: reader.u16(), since: reader.u32(), x: reader.u32(), y: reader.u32() };
    const isInOrder = coin.generation > (dropped.at(-1)?.generation ?? -1) && coin.generation < generation;
    if (!isInOrder || coin.since > version) throw new ProtocolError('coins of a spot out of order');
    if (coin.x >= arena.size || coin.y >= arena.size) throw new ProtocolError(`a coin at (${coin.x}, ${coin.y})`);
    dropped.push(coin);
  }
  return { spot, version, generation, since, dropped };
}
