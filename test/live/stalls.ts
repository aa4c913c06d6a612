/**
 * How long the machine kept a process from running. A protocol that must answer within a time is judged by its own time:
 * what passed on the clock, less the stretches in which one of those concerned could not have done anything. So a limit
 * holds on a busy machine as on an idle one, and still fails when the protocol itself takes longer.
 */
import { monotonicMs } from '../../links/timer.ts';

/** A stretch of the one clock of all processes of this machine. */
export interface Span {
  fromMs: number;
  untilMs: number;
}

/** How often a process looks at the clock, and how late it must be for that to be a stall: less is every machine's jitter. */
const LOOK_EVERY_MS = 5;
const LATE_MS = 15;

/** Notes, while it runs, when the event loop of this process stood still, less what the process computed meanwhile. */
export class StallWatch {
  readonly #stalls: Span[] = [];
  readonly #looking: ReturnType<typeof setInterval>;
  #lookedMs = monotonicMs();
  #cpu = process.cpuUsage();

  constructor() {
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#looking.unref();
  }

  #look(): void {
    const nowMs = monotonicMs();
    const lateMs = nowMs - this.#lookedMs - LOOK_EVERY_MS;
    const cpu = process.cpuUsage();
    if (lateMs > LATE_MS) {
      const cpuMs = (cpu.user + cpu.system - this.#cpu.user - this.#cpu.system) / 1000;
      if (cpuMs < lateMs) this.#stalls.push({ fromMs: this.#lookedMs, untilMs: nowMs - cpuMs });
    }
    this.#cpu = cpu;
    this.#lookedMs = nowMs;
  }

  /** The stalls since it was last asked. */
  take(): Span[] {
    return this.#stalls.splice(0);
  }

  stop(): void {
    clearInterval(this.#looking);
  }
}

/** What is left of a span without the stalls of anybody; they may overlap. */
export function withoutStalls({ fromMs, untilMs }: Span, stalls: readonly Span[]): number {
  let leftMs = 0;
  let atMs = fromMs;
  for (const stall of [...stalls].sort((a, b) => a.fromMs - b.fromMs)) {
    if (stall.untilMs <= atMs) continue;
    if (stall.fromMs >= untilMs) break;
    leftMs += Math.max(0, stall.fromMs - atMs);
    atMs = stall.untilMs;
  }
  return leftMs + Math.max(0, untilMs - atMs);
}
