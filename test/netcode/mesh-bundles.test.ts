/** What rides along with what: bundles of messages between two peers of a mesh. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../game/random.ts';
import { encodeBundle, fittingOf, messagesIn } from '../../netcode/mesh/bundle.ts';
import { RIDE_MS } from '../../netcode/mesh/other.ts';
import { encodeMesh } from '../../netcode/mesh/peer-codec.ts';
import { countUpload, emptyUpload } from '../../netcode/mesh/upload.ts';
import { encodeMessage } from '../../netcode/messages.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../../netcode/protocol.ts';
import { MeshAlone } from './mesh-alone.ts';

const PING = encodeMesh({ type: 'meshPing', tile: 7, timeMs: 1, echoMs: 2, heldMs: 3 });
const ACK = encodeMessage({ type: 'ack', next: 5 });

describe('the codec', () => {
  test('a bundle has exactly these bytes', () => {
    const bytes = encodeBundle([ACK, PING]);
    expect(Buffer.from(bytes).toString('hex')).toBe(
      `${[PROTOCOL_VERSION, Kind.meshBundle, 2].map((byte) => byte.toString(16).padStart(2, '0')).join('')}` +
        `0400${Buffer.from(ACK).toString('hex')}0a00${Buffer.from(PING).toString('hex')}`,
    );
    expect(messagesIn(bytes)).toEqual([ACK, PING]);
  });

  test('what is no bundle is refused: none, too many, cut off, too long, one inside another, another version', () => {
    const bundle = encodeBundle([ACK, PING]);
    const bad = [
      encodeBundle([]),
      Uint8Array.of(PROTOCOL_VERSION, Kind.meshBundle, 65),
      bundle.subarray(0, -1),
      Uint8Array.of(...bundle, 0),
      encodeBundle([bundle]),
      encodeBundle([Uint8Array.of(PROTOCOL_VERSION + 1, Kind.meshPing)]),
      encodeBundle([Uint8Array.of(PROTOCOL_VERSION)]),
    ];
    for (const bytes of bad) expect(() => messagesIn(bytes)).toThrow(ProtocolError);
  });

  test('random bytes are a bundle or a ProtocolError', () => {
    const random = new Random(1, 0);
    for (let round = 0; round < 2000; round++) {
      const bytes = Uint8Array.from({ length: random.below(40) }, () => random.below(256));
      bytes.set([PROTOCOL_VERSION, Kind.meshBundle].slice(0, bytes.length));
      try {
        for (const message of messagesIn(bytes)) expect(message.length).toBeGreaterThanOrEqual(2);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }
  });

  test('what exceeds a datagram goes in several', () => {
    const long = new Uint8Array(600);
    expect(fittingOf([long, long])).toBe(1);
    expect(fittingOf([long, ACK, PING, long])).toBe(3);
    expect(fittingOf([new Uint8Array(5000)])).toBe(1);
  });

  test('of a bundle the first is counted as the message, and the others by their bytes', () => {
    const upload = emptyUpload();
    countUpload(upload, encodeBundle([PING, ACK]));
    expect(upload.pings).toEqual({ messages: 1, bytes: PING.length });
    expect(upload.acks).toEqual({ messages: 0, bytes: 3 + 2 + 2 + ACK.length });
  });
});

describe('riding along', () => {
  /** Links with one who stands beside us, or far away. */
  function beside(x: number) {
    const alone = new MeshAlone(1, { send: 'flat', sendRateHz: 10 });
    alone.stand(500, 500);
    alone.meet(2, { x, y: 500 });
    alone.run(1000);
    alone.datagrams.length = 0;
    return alone;
  }

  test('M15: pings go with states where those are told', () => {
    const alone = beside(550);
    alone.run(6000);
    expect(alone.messages('meshPing', 2).length).toBeGreaterThanOrEqual(4);
    expect(alone.datagrams.filter(({ kinds }) => kinds.length === 1 && kinds[0] === Kind.meshPing)).toEqual([]);
    const shared = alone.datagrams.filter(({ kinds }) => kinds[0] === Kind.meshState && kinds.includes(Kind.meshPing));
    expect(shared.length).toBeGreaterThanOrEqual(4);
  });

  test('M15: an acknowledgement goes with the next state, and by itself when there is none for a tenth of a second', () => {
    for (const [x, isTold] of [
      [550, true],
      [1100, false],
    ] as const) {
      const alone = beside(x);
      const heardMs = alone.nowMs;
      alone.hear(
        2,
        encodeMessage({ type: 'reliable', sequence: 0, inner: encodeMesh({ type: 'meshNear', peers: [] }) }),
      );
      alone.run(500);
      const acked = alone.datagrams.filter(({ kinds }) => kinds.includes(Kind.ack));
      expect(acked).toHaveLength(1);
      expect(acked[0]!.kinds.includes(Kind.meshState)).toBe(isTold);
      expect(acked[0]!.atMs - heardMs).toBeLessThanOrEqual(RIDE_MS + 50);
    }
  });

  test('M15: a bundle inside a reliable message is malformed', () => {
    const alone = beside(550);
    const { malformed } = alone.session.counters;
    alone.hear(2, encodeMessage({ type: 'reliable', sequence: 0, inner: encodeBundle([PING]) }));
    expect(alone.session.counters.malformed).toBe(malformed + 1);
    expect(alone.session.peers.get(2)!.tile).not.toBe(7);
  });

  test('messages inside messages as deep as they can be do no harm', () => {
    const alone = beside(550);
    let nested = PING;
    for (let sequence = 3000; sequence >= 0; sequence--)
      nested = encodeMessage({ type: 'reliable', sequence, inner: nested });
    expect(() => alone.hear(2, nested)).not.toThrow();
  });

  test('M15: a bundle is heard message by message, and one bad message does not make the others unheard before it', () => {
    const alone = beside(550);
    const { malformed } = alone.session.counters;
    alone.hear(2, encodeBundle([PING, Uint8Array.of(PROTOCOL_VERSION, Kind.meshNear, 200)]));
    expect(alone.session.counters.malformed).toBe(malformed + 1);
    expect(alone.session.peers.get(2)!.tile).toBe(7);
  });
});
