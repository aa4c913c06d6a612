/**
 * Two settings of the native library behind data channels, for Node only. Measured with 300 players at 15 Hz on two cores,
 * together they more than halve the worst ticks, and save a tenth of the CPU at both ends.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import nodeDataChannel from 'node-datachannel';

/**
 * How long SCTP holds an acknowledgement back, waiting for data to travel with. Both sides of a game send more often than
 * this, so hardly any acknowledgement needs a packet of its own; and it stays below the least retransmission timeout, 200 ms.
 */
const DELAYED_SACK_MS = 100;

/**
 * By the names that libjuice, libdatachannel and usrsctp give to their threads; lowering needs no privilege. 15 is a
 * thirtieth of the usual share of a contended core. With 5, a third of it, ticks of a host with 300 guests take 24 ms
 * instead of 13 (p99), and event loops with 24 peers of a mesh each lag 27 ms instead of 11. Sockets come last: whoever
 * polls more often finds less each time, and walks all of them for it.
 */
const NICENESS: readonly [names: RegExp, niceness: number][] = [
  [/^juice/, 19],
  [/^(RTC|SCTP)/, 15],
];

let areDelayed = false;
let areLowered = false;

/** Call it before the first connection of a process. */
export function delayAcknowledgements(): void {
  if (areDelayed) return;
  areDelayed = true;
  nodeDataChannel.setSctpSettings({ delayedSackTime: DELAYED_SACK_MS });
}

/**
 * The native threads and the main thread take turns at one lock, which is not fair: after a burst of datagrams the native
 * side takes it again and again, and an event loop that wants to send waits for tens of milliseconds. A little less
 * priority for the native threads lets the main thread in. Call it when a connection is open: they start with the first
 * one. Linux only, where a thread can be named by its id; on other systems nothing happens.
 */
export function lowerNativeThreads(): void {
  if (areLowered || process.platform !== 'linux') return;
  areLowered = true;
  for (const thread of readdirSync('/proc/self/task')) {
    try {
      const name = readFileSync(`/proc/self/task/${thread}/comm`, 'utf8');
      const niceness = NICENESS.find(([names]) => names.test(name))?.[1];
      if (niceness !== undefined) setPriority(Number(thread), niceness);
    } catch {
      // The thread has ended meanwhile.
    }
  }
}
