/**
 * What a tick of a simulated authority costs. Virtual time has no processor, so this is a model, and every measure that
 * rests on it is `modelled`: tick times, and CPU of the authority.
 *
 *     duration = base + players · step + entities · encode + (messages sent + received) · message
 *
 * The rules and the encoding cost what their benchmarks show on one core; a message costs one system call over a stream,
 * and the way through a data-channel stack over datagrams. Each number is a default that a measurement may replace.
 */
import type { Transport } from '../netcode/session.ts';

export interface TickCost {
  baseMs: number;
  /** Per player in the world: its step, its place in the grid. */
  stepMs: number;
  /** Per entity in a snapshot: found by interest, quantised, written. */
  encodeMs: number;
  /** Per message, either way. */
  messageMs: number;
}

export const TICK_COSTS: Readonly<Record<Transport, TickCost>> = {
  stream: { baseMs: 0.05, stepMs: 0.0003, encodeMs: 0.0001, messageMs: 0.0065 },
  datagram: { baseMs: 0.05, stepMs: 0.0003, encodeMs: 0.0001, messageMs: 0.02 },
};

/** Duration in ms of a tick with these counts. */
export function tickDurationMs(cost: TickCost, players: number, entities: number, messages: number): number {
  return cost.baseMs + cost.stepMs * players + cost.encodeMs * entities + cost.messageMs * messages;
}
