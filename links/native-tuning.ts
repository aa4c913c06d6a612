/**
 * Two settings of the native library behind data channels, for Node only: how long it holds acknowledgements back, and how
 * its threads share cores with the event loop that they work for.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import nodeDataChannel from 'node-datachannel';

/**
 * How long SCTP holds an acknowledgement back, waiting for data to travel with. Both sides of a game send more often than
 * this, so hardly any acknowledgement needs a packet of its own; and it stays below the least retransmission timeout, 200 ms.
 */
const DELAYED_SACK_MS = 100;

/** How threads of one name share a core: the scheduling policy as `chrt` names it, and the niceness. */
interface Share {
  names: RegExp;
  policy: '--batch' | '--idle';
  niceness: number;
}

/**
 * By the names that libjuice, libdatachannel and usrsctp give to their threads; lowering needs no privilege. 15 is a
 * thirtieth of the usual share of a contended core: with 5, a third of it, ticks of a host with 300 guests take 24 ms
 * instead of 13 (p99).
 *
 * The policies are for processes that give way. Woken threads of the policy batch interrupt nobody. Without it each
 * datagram interrupted whoever had received it: 24 peers of a mesh on one core changed threads 25,000 times a second, and
 * 1,700 times with it. Threads that wait at sockets come last of all, when a core has nothing else to do: who polls more
 * often finds less each time. Where a core is not full all of this costs latency: 11 ms with a host and 300 guests.
 */
const SHARES: readonly Share[] = [
  { names: /^juice/, policy: '--idle', niceness: 19 },
  { names: /^(RTC|SCTP)/, policy: '--batch', niceness: 15 },
];
/** Threads start with the first connections; several of these come at once. */
const LOWER_AFTER_MS = 250;

let areDelayed = false;
let givesWay = false;
let willLower = false;
const lowered = new Set<string>();

/** Call it before the first connection of a process. */
export function delayAcknowledgements(): void {
  if (areDelayed) return;
  areDelayed = true;
  nodeDataChannel.setSctpSettings({ delayedSackTime: DELAYED_SACK_MS });
}

/** For a process whose links fill a core: its native threads go on when the event loop has nothing to do. Call it first. */
export function giveWay(): void {
  givesWay = true;
}

/**
 * The native threads and the main thread take turns at a few locks, which are not fair: after a burst of datagrams the
 * native side takes them again and again, and an event loop that wants to send waits for tens of milliseconds. Less
 * priority for the native threads lets the main thread in. Call it when a connection has opened: some threads start with
 * the first one, others with each UDP port. Linux only, where a thread can be named by its id; elsewhere nothing happens.
 */
export function lowerNativeThreads(): void {
  if (willLower || process.platform !== 'linux') return;
  willLower = true;
  setTimeout(() => {
    willLower = false;
    lowerNewThreads();
  }, LOWER_AFTER_MS).unref();
}

function lowerNewThreads(): void {
  const fresh: { thread: string; share: Share }[] = [];
  for (const thread of readdirSync('/proc/self/task')) {
    if (lowered.has(thread)) continue;
    // One that has just been started may have no name yet.
    const share = shareOf(thread);
    if (!share) continue;
    lowered.add(thread);
    fresh.push({ thread, share });
  }
  if (fresh.length === 0) return;
  const lower = () => {
    for (const { thread, share } of fresh) lowerThread(thread, share.niceness);
  };
  if (!givesWay) {
    lower();
    return;
  }
  const commands = fresh.map(({ thread, share }) => `chrt ${share.policy} --pid 0 ${thread}`);
  const child = spawn('sh', ['-c', commands.join('; ')], { stdio: 'ignore' });
  // It resets the niceness. Where there is no `chrt`, or no `sh`, the niceness helps alone.
  child.on('error', lower);
  child.on('exit', lower);
  child.unref();
}

function shareOf(thread: string): Share | undefined {
  try {
    const name = readFileSync(`/proc/self/task/${thread}/comm`, 'utf8');
    return SHARES.find(({ names }) => names.test(name));
  } catch {
    // The thread has ended meanwhile.
    return undefined;
  }
}

function lowerThread(thread: string, niceness: number): void {
  try {
    setPriority(Number(thread), niceness);
  } catch {
    // The thread has ended meanwhile.
  }
}
