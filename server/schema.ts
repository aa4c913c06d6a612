/**
 * The room's schema state: what a lobby or a scoreboard wants, once a second. Everything else is the game's own bytes.
 * The whole roster is not here but paged on request, or 10,000 joins would cost 10,000² messages. Browser-safe.
 */
import { type SchemaType, schema, t } from '@colyseus/schema';

export const TopEntry = schema(
  {
    player: t.int32(),
    name: t.string(),
    score: t.int32(),
    kills: t.int32(),
    deaths: t.int32(),
  },
  'TopEntry',
);
export type TopEntry = SchemaType<typeof TopEntry>;

export const ArenaState = schema(
  {
    /** Players that have a seat, and seats in all. */
    players: t.int32(),
    seats: t.int32(),
    tick: t.int32(),
    tickRateHz: t.int32(),
    /** Lateness plus duration of the worst tick of the last second, in ms. */
    tickMs: t.float32(),
    /** The ten highest scores, best first. */
    top: t.array(TopEntry),
  },
  'ArenaState',
);
export type ArenaState = SchemaType<typeof ArenaState>;

/** Entries in `top`. */
export const TOP_COUNT = 10;
