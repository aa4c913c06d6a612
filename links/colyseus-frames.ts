/** What both ends of a Colyseus link agree on, and the sentences that its failures become. Browser-safe, no imports. */

/** Name of the one room type. */
export const ARENA_ROOM = 'arena';

/** Colyseus message type that carries the game's bytes: a small number takes one byte on the wire. */
export const GAME_BYTES = 0;

/** Leading byte of the Colyseus frames that this game uses. */
export const Frame = {
  joinRoom: 10,
  error: 11,
  leaveRoom: 12,
  roomState: 14,
  roomPatch: 15,
  roomBytes: 17,
  ping: 18,
} as const;

/** Bytes that precede the game's own in a frame: kind and message type. */
export const FRAME_HEADER_BYTES = 2;

/** Colyseus' matchmaking error codes that a player can meet. */
const JoinError = { noHandler: 520, noRoom: 521, expired: 524 } as const;

/** A failed join as a sentence that says what to do. */
export function readableJoinError(error: unknown, url: string): string {
  const { code, message, cause } = error as { code?: number | string; message?: string; cause?: { code?: string } };
  if (code === JoinError.noHandler) return `the server at ${url} has no such room: ${message}`;
  if (code === JoinError.noRoom) return `the match at ${url} is full or has not begun; try again later`;
  if (code === JoinError.expired) return `the server at ${url} was too busy to let us in; try again`;
  const network = cause?.code ?? code;
  // Browsers say no more than that a request failed.
  if (network === 'ECONNREFUSED' || (error instanceof TypeError && !cause)) {
    return `nobody listens at ${url}; is the server running, and on this port?`;
  }
  return `could not join ${url}: ${message || network || 'no answer'}`;
}
