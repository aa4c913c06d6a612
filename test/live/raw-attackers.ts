/** What an attacker has: sockets without a client's manners. For tests against live authorities. */
import nodeDataChannel, { type DataChannel } from 'node-datachannel';
import { WebSocket } from 'ws';
import type { Random } from '../../game/random.ts';
import { FRAME_HEADER_BYTES, Frame, GAME_BYTES } from '../../links/colyseus-frames.ts';
import { SIGNALLING_PATH } from '../../links/signalling.ts';
import { encodeMessage } from '../../netcode/messages.ts';
import { until } from './harness.ts';

/** One that can say anything: text or bytes. */
export interface RawPeer {
  isOpen(): boolean;
  send(data: string | Uint8Array): void;
  close(): void;
}

export function post(url: string, body: string, type = 'application/json'): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
}

/** A data channel by geckos.io's signalling, bare. */
export async function rawDataChannel(url: string): Promise<RawPeer> {
  const root = `${url}${SIGNALLING_PATH}/connections`;
  const { id, localDescription } = (await (await post(root, '')).json()) as {
    id: string;
    localDescription: { sdp: string; type: 'offer' };
  };
  const connection = new nodeDataChannel.PeerConnection('attacker', { iceServers: [], bindAddress: '127.0.0.1' });
  let channel: DataChannel | null = null;
  let isGathered = false;
  connection.onDataChannel((made) => {
    channel = made;
  });
  connection.onGatheringStateChange((state) => {
    isGathered = state === 'complete';
  });
  connection.setRemoteDescription(localDescription.sdp, localDescription.type);
  await until('the attacker has its candidates', () => isGathered);
  await post(`${root}/${id}/remote-description`, JSON.stringify(connection.localDescription()));
  const open = await until('the attacker is connected', async () => {
    const found = await fetch(`${root}/${id}/additional-candidates`);
    if (found.ok) {
      for (const { candidate, sdpMid } of (await found.json()) as { candidate: string; sdpMid: string }[]) {
        connection.addRemoteCandidate(candidate, sdpMid);
      }
    }
    return channel?.isOpen() ? channel : null;
  });
  return {
    isOpen: () => open.isOpen(),
    send(data) {
      try {
        if (typeof data === 'string') open.sendMessage(data);
        else if (data.length > 0) open.sendMessageBinary(data);
      } catch {
        // It was thrown out: the next one goes on.
      }
    },
    close() {
      open.close();
      connection.close();
    },
  };
}

/** A WebSocket with a seat in the room, bare. */
export async function rawWebSocket(url: string): Promise<RawPeer & { stopReading(): void }> {
  const response = await post(`${url}/matchmake/join/arena`, '{}');
  const { processId, roomId, sessionId } = (await response.json()) as Record<string, string>;
  const socket = new WebSocket(`${url.replace('http', 'ws')}/${processId}/${roomId}?sessionId=${sessionId}`);
  let isJoined = false;
  socket.on('error', () => {});
  socket.on('message', (data: Buffer) => {
    if (data[0] !== Frame.joinRoom) return;
    socket.send(new Uint8Array([Frame.joinRoom]));
    isJoined = true;
  });
  await until('the attacker has a seat', () => isJoined);
  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    send: (data) => socket.readyState === WebSocket.OPEN && socket.send(data),
    stopReading: () => socket.pause(),
    close: () => socket.terminate(),
  };
}

const TEXTS = [
  'null',
  'true',
  '[]',
  '{}',
  '""',
  '{"constructor":1}',
  '{"__proto__":{"x":1}}',
  '{"rawMessage":null}',
  '',
  '\u0000',
  'NaN',
];

/** A random message: noise, a text, or a valid message that was bent. */
export function randomMessage(random: Random): string | Uint8Array {
  const bytes = (length: number) => Uint8Array.from({ length }, () => random.below(256));
  switch (random.below(6)) {
    case 0:
      return TEXTS[random.below(TEXTS.length)]!;
    case 1:
      return String.fromCharCode(...bytes(random.below(40)));
    case 2:
      return bytes(random.below(64));
    default:
      // The right version and kind, so that it reaches a decoder.
      return Uint8Array.from([1, 1 + random.below(13), ...bytes(random.below(48))]);
  }
}

/** The same for a Colyseus room: most of it framed as the game's bytes, some of it any other frame. */
export function randomFrame(random: Random): string | Uint8Array {
  const message = randomMessage(random);
  const isStray = random.below(100) === 0;
  if (isStray) return typeof message === 'string' ? message : Uint8Array.from([random.below(32), ...message]);
  return framed(typeof message === 'string' ? Buffer.from(message) : message);
}

export function framed(bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bytes.length);
  frame[0] = Frame.roomBytes;
  frame[1] = GAME_BYTES;
  frame.set(bytes, FRAME_HEADER_BYTES);
  return frame;
}

/** A hello that is whole, for seats that the fuzz may then sit in. */
export function validHello(rulesHash: number): Uint8Array {
  return encodeMessage({ type: 'hello', protocol: 1, rulesHash, name: 'mallory', token: null });
}

/** Bodies for HTTP routes that expect JSON. */
export function randomBody(random: Random): string {
  const bodies = [
    ...TEXTS,
    '{"sdp":null,"type":null}',
    '{"sdp":"","type":"answer"}',
    '{"sdp":"v=0","type":"answer"}',
    '{"sdp":{},"type":[]}',
    '{"sdp":"v=0\\r\\na=fingerprint:sha-256 00","type":"answer"}',
    '{"sdp":"v=0\\r\\na=fingerprint:","type":"offer"}',
    '{"reconnectionToken":{"a":1}}',
    '{',
    'x'.repeat(100_000),
  ];
  return bodies[random.below(bodies.length)]!;
}
