/** What every end over a page's own data channel has in common. */
import { type EndStats, MAX_MESSAGE_BYTES } from './client-end.ts';

/** Why an end closes where there is nothing to make a channel with. */
export const NO_WEBRTC = 'this browser has no WebRTC; play against a server instead';

/** Hands over each message that has the form of one, and counts the others. */
export function takeMessages(channel: RTCDataChannel, stats: EndStats, received: (bytes: Uint8Array) => void): void {
  channel.binaryType = 'arraybuffer';
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data instanceof ArrayBuffer && data.byteLength <= MAX_MESSAGE_BYTES) received(new Uint8Array(data));
    else stats.malformedMessages += 1;
  };
}

/**
 * Calls `leave` when the page goes: otherwise the other side would hear nothing until its silence limit. Returns what
 * takes that back.
 */
export function whenPageCloses(leave: (reason: string) => void): () => void {
  const listener = (): void => leave('the page was closed');
  globalThis.addEventListener?.('pagehide', listener);
  return () => globalThis.removeEventListener?.('pagehide', listener);
}
