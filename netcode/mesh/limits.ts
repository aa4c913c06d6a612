/** Limits of what peers of a mesh send each other. */

/** Longest message; longer ones are malformed, unread. A record of the ledger is the longest. */
export const MAX_MESH_MESSAGE_BYTES = 16_000;
