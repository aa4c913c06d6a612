/** The messages that are rare: handshake, reliable delivery, purchases, roster. Each is [version][kind][body]. */
import { type MatchConfig, SCENARIOS } from '../game/arena.ts';
import { MAX_PLAYERS, TICK_RATES_HZ } from '../game/constants.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import {
  KEY_BYTES,
  Kind,
  MAX_NAME_BYTES,
  MAX_ROSTER_ENTRIES,
  MAX_TEXT_BYTES,
  PROTOCOL_VERSION,
  ProtocolError,
  TOKEN_BYTES,
} from './protocol.ts';
import { Refusal, type RefusalName, type RosterEntry } from './session.ts';

export interface Hello {
  type: 'hello';
  protocol: number;
  rulesHash: number;
  name: string;
  /** Proves that a seat was this client's before; null for a new player. */
  token: Uint8Array | null;
  /** Of a lockstep peer that signs what it does. */
  key?: Uint8Array;
}

export interface Welcome {
  type: 'welcome';
  player: number;
  resumed: boolean;
  token: Uint8Array;
  tick: number;
  snapshotRateHz: number;
  config: MatchConfig;
}

export type Message =
  | Hello
  | Welcome
  | { type: 'refuse'; reason: RefusalName; text: string }
  | { type: 'reliable'; sequence: number; inner: Uint8Array }
  | { type: 'ack'; next: number }
  | { type: 'purchase'; key: number }
  | { type: 'purchased'; key: number; granted: boolean }
  | { type: 'rosterRequest'; first: number; count: number }
  | { type: 'roster'; total: number; first: number; entries: RosterEntry[] }
  | { type: 'bye'; text: string };

/** Encodes one of the rare messages into bytes of its own. */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new ByteWriter().u8(PROTOCOL_VERSION).u8(Kind[message.type]);
  switch (message.type) {
    case 'hello':
      writer.u32(message.rulesHash).text(message.name, MAX_NAME_BYTES);
      writer.bytes(message.token ?? new Uint8Array(0));
      return writer.bytes(message.key ?? new Uint8Array(0)).finish();
    case 'welcome':
      return encodeWelcome(writer, message);
    case 'refuse':
      return writer.u8(Refusal[message.reason]).text(message.text, MAX_TEXT_BYTES).finish();
    case 'reliable':
      return writer.u16(message.sequence).bytes(message.inner).finish();
    case 'ack':
      return writer.u16(message.next).finish();
    case 'purchase':
      return writer.u16(message.key).finish();
    case 'purchased':
      return writer
        .u16(message.key)
        .u8(message.granted ? 1 : 0)
        .finish();
    case 'rosterRequest':
      return writer.u16(message.first).u8(message.count).finish();
    case 'roster':
      return encodeRoster(writer, message);
    case 'bye':
      return writer.text(message.text, MAX_TEXT_BYTES).finish();
  }
}

function encodeWelcome(
  writer: ByteWriter,
  { player, resumed, token, tick, snapshotRateHz, config }: Welcome,
): Uint8Array {
  return writer
    .u16(player)
    .u8(resumed ? 1 : 0)
    .bytes(token)
    .u32(tick)
    .u16(Math.round(snapshotRateHz * 100))
    .u32(config.seed)
    .u8(config.tickRateHz)
    .u16(config.players)
    .u16(config.inView)
    .u8(SCENARIOS.indexOf(config.scenario))
    .u8(config.historyTicks)
    .finish();
}

function encodeRoster(writer: ByteWriter, { total, first, entries }: Extract<Message, { type: 'roster' }>): Uint8Array {
  writer.u16(total).u16(first).u8(entries.length);
  for (const entry of entries) {
    writer.u16(entry.player).u32(entry.score).u16(entry.kills).u16(entry.deaths).text(entry.name, MAX_NAME_BYTES);
  }
  return writer.finish();
}

/** The kind of a message of our version. A refusal is understood in any version, so that old and new ends can part. */
export function kindOf(bytes: Uint8Array): number {
  if (bytes.length < 2) throw new ProtocolError('message without version and kind');
  const kind = bytes[1]!;
  if (bytes[0] !== PROTOCOL_VERSION && kind !== Kind.refuse && kind !== Kind.hello) {
    throw new ProtocolError(`protocol version ${bytes[0]}: this is ${PROTOCOL_VERSION}`);
  }
  return kind;
}

/** Decodes one of the rare messages. Throws a ProtocolError on anything that is not exactly one of them. */
export function decodeMessage(bytes: Uint8Array): Message {
  const kind = kindOf(bytes);
  const reader = new ByteReader(bytes, 2);
  const message = decodeBody(kind, reader, bytes[0]!);
  reader.end();
  return message;
}

function decodeBody(kind: number, reader: ByteReader, version: number): Message {
  switch (kind) {
    case Kind.hello:
      return decodeHello(reader, version);
    case Kind.welcome:
      return decodeWelcome(reader);
    case Kind.refuse:
      return { type: 'refuse', reason: decodeRefusal(reader.u8()), text: reader.text(MAX_TEXT_BYTES) };
    case Kind.reliable:
      return { type: 'reliable', sequence: reader.u16(), inner: reader.copy(reader.remaining) };
    case Kind.ack:
      return { type: 'ack', next: reader.u16() };
    case Kind.purchase:
      return { type: 'purchase', key: nonZero(reader.u16()) };
    case Kind.purchased:
      return { type: 'purchased', key: nonZero(reader.u16()), granted: reader.u8() === 1 };
    case Kind.rosterRequest:
      return { type: 'rosterRequest', first: reader.u16(), count: reader.u8() };
    case Kind.roster:
      return decodeRoster(reader);
    case Kind.bye:
      return { type: 'bye', text: reader.text(MAX_TEXT_BYTES) };
    default:
      throw new ProtocolError(`unknown kind ${kind}`);
  }
}

/** A hello of another version is read no further than its version: what follows may have another shape. */
function decodeHello(reader: ByteReader, protocol: number): Hello {
  if (protocol !== PROTOCOL_VERSION) {
    reader.take(reader.remaining);
    return { type: 'hello', protocol, rulesHash: 0, name: '', token: null };
  }
  const rulesHash = reader.u32();
  const name = reader.text(MAX_NAME_BYTES);
  const token = reader.remaining === 0 ? null : reader.copy(TOKEN_BYTES);
  const key = reader.remaining === 0 ? {} : { key: reader.copy(KEY_BYTES) };
  return { type: 'hello', protocol, rulesHash, name, token, ...key };
}

function decodeWelcome(reader: ByteReader): Welcome {
  const player = reader.u16();
  const resumed = reader.u8() === 1;
  const token = reader.copy(TOKEN_BYTES);
  const tick = reader.u32();
  const snapshotRateHz = within('snapshot rate', reader.u16() / 100, 0.01, 240);
  const seed = reader.u32();
  const tickRateHz = reader.u8();
  if (!TICK_RATES_HZ.some((rate) => rate === tickRateHz)) throw new ProtocolError(`tick rate ${tickRateHz}`);
  const players = within('players', reader.u16(), 1, MAX_PLAYERS);
  const inView = within('in view', reader.u16(), 1, 1000);
  const scenario = SCENARIOS[reader.u8()];
  if (!scenario) throw new ProtocolError('unknown scenario');
  const historyTicks = within('history', reader.u8(), 0, 30);
  const config = { seed, tickRateHz, players, inView, scenario, historyTicks };
  return { type: 'welcome', player, resumed, token, tick, snapshotRateHz, config };
}

function decodeRoster(reader: ByteReader): Message {
  const total = reader.u16();
  const first = reader.u16();
  const count = within('roster lines', reader.u8(), 0, MAX_ROSTER_ENTRIES);
  const entries: RosterEntry[] = [];
  for (let i = 0; i < count; i++) {
    const player = reader.u16();
    const score = reader.u32();
    const kills = reader.u16();
    const deaths = reader.u16();
    entries.push({ player, score, kills, deaths, name: reader.text(MAX_NAME_BYTES) });
  }
  return { type: 'roster', total, first, entries };
}

function decodeRefusal(code: number): RefusalName {
  const found = (Object.keys(Refusal) as RefusalName[]).find((name) => Refusal[name] === code);
  if (!found) throw new ProtocolError(`unknown refusal ${code}`);
  return found;
}

function within(what: string, value: number, low: number, high: number): number {
  if (value < low || value > high) throw new ProtocolError(`${what} ${value}: allowed is ${low} to ${high}`);
  return value;
}

function nonZero(key: number): number {
  if (key === 0) throw new ProtocolError('purchase key 0');
  return key;
}
