/**
 * `npm run bench:links`: what a data channel between two peers costs until it is open, and while nothing is said over it:
 * datagrams and bytes on the machine's loopback, read from the kernel's counters (Linux). Whatever else uses loopback
 * meanwhile is counted too: run it alone, or in a network namespace of its own (`unshare -rn`).
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DataChannel, PeerConnection } from 'node-datachannel';
import { candidatesIn, describe as describeSide, formatSignal } from '../../links/peer-signals.ts';

const LINKS = 40;
const IDLE_MS = 5000;
const SETTLE_MS = 500;
const OPTIONS = { iceServers: [], bindAddress: '127.0.0.1', disableAutoNegotiation: true };

interface Link {
  ends: [PeerConnection, PeerConnection];
  channel: DataChannel;
  /** Descriptions and candidates, both ways. */
  signalledBytes: number;
}

/** What loopback has carried: each datagram is counted once. */
function loopback(): { bytes: number; packets: number } {
  const line = readFileSync('/proc/net/dev', 'utf8').match(/^\s*lo:(.*)$/m);
  if (!line) throw new Error('no loopback in /proc/net/dev: this measures on Linux only');
  const [bytes = 0, packets = 0] = line[1]!.trim().split(/\s+/).map(Number);
  return { bytes, packets };
}

/** Says everything to `to` only once it knows the other's description. */
function describe(from: PeerConnection, to: PeerConnection, link: Link, described: () => void): () => void {
  let isDescribed = false;
  const waiting: (() => void)[] = [];
  from.onLocalDescription((sdp, type) => {
    const kind = type === 'offer' ? 'offer' : 'answer';
    const candidates = candidatesIn(from.localDescription()?.sdp ?? '');
    const signal = { type: kind, attempt: '1z141z3', description: describeSide(sdp)!, candidates } as const;
    link.signalledBytes += formatSignal(signal).length;
    to.setRemoteDescription(sdp, type);
    isDescribed = true;
    described();
    for (const candidate of waiting.splice(0)) candidate();
  });
  from.onLocalCandidate((candidate, mid) => {
    const tell = () => to.addRemoteCandidate(candidate, mid);
    if (isDescribed) tell();
    else waiting.push(tell);
  });
  return () => from.setLocalDescription();
}

async function openLink(name: string): Promise<Link> {
  const a = new PeerConnection(`${name} a`, OPTIONS);
  const b = new PeerConnection(`${name} b`, OPTIONS);
  const channel = a.createDataChannel('state', { unordered: true, maxRetransmits: 0 });
  const link: Link = { ends: [a, b], channel, signalledBytes: 0 };
  const accepted = new Promise<void>((resolve) => b.onDataChannel(() => resolve()));
  const opened = new Promise<void>((resolve) => channel.onOpen(resolve));
  const answer = describe(b, a, link, () => {});
  describe(a, b, link, answer)();
  await Promise.all([accepted, opened]);
  return link;
}

const first = await openLink('first');
await sleep(SETTLE_MS);
const before = loopback();
const links: Link[] = [];
/** Seconds that links were open in while others were opened: what they said then is not the others' cost. */
let openS = 0;
let lastMs = performance.now();
const passTime = (): void => {
  const nowMs = performance.now();
  openS += ((links.length + 1) * (nowMs - lastMs)) / 1000;
  lastMs = nowMs;
};
for (let i = 0; i < LINKS; i++) {
  const link = await openLink(`link ${i}`);
  passTime();
  links.push(link);
}
await sleep(SETTLE_MS);
passTime();
const opened = loopback();
await sleep(IDLE_MS);
const ended = loopback();

const idleS = (LINKS + 1) * (IDLE_MS / 1000);
const idle = { packets: (ended.packets - opened.packets) / idleS, bytes: (ended.bytes - opened.bytes) / idleS };
const packets = (opened.packets - before.packets - idle.packets * openS) / LINKS;
const bytes = (opened.bytes - before.bytes - idle.bytes * openS) / LINKS;
const signalled = links.reduce((sum, { signalledBytes }) => sum + signalledBytes, 0) / LINKS;
console.log(`until a link is open, both ways: ${packets.toFixed(1)} datagrams, ${bytes.toFixed(0)} bytes`);
console.log(`and ${signalled.toFixed(0)} bytes that the diallers tell each other through others`);
console.log(`while nothing is said, per second: ${idle.packets.toFixed(1)} datagrams, ${idle.bytes.toFixed(0)} bytes`);
for (const { ends } of [first, ...links]) for (const end of ends) end.close();
// Without this the native library keeps the process alive; its own clean-up aborts while links are still closing.
process.exit(0);
