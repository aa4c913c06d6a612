/**
 * Colyseus imports the agent of the process manager pm2, if only to report two counters. The agent then writes to the
 * parent's IPC channel every second, wraps `http`, watches the garbage collector, takes over uncaught exceptions and ends
 * the process its own way when the parent goes. It takes an instance that is already there for itself, so we leave it one
 * that does nothing. Import this before the framework starts.
 */
const KEY = Symbol.for('@pm2/io');

const holder = globalThis as unknown as Record<symbol, unknown>;
holder[KEY] ??= { metric: () => {} };
