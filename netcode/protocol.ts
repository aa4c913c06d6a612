/** What both ends of every link agree on: version, kinds and limits. PROTOCOL.md explains each rule by number. */

/** Raised by any change that an older end could misread. Every message begins with it. */
export const PROTOCOL_VERSION = 1;

/** Second byte of every message. */
export const Kind = {
  hello: 1,
  welcome: 2,
  refuse: 3,
  input: 4,
  snapshot: 5,
  reliable: 6,
  ack: 7,
  purchase: 8,
  purchased: 9,
  rosterRequest: 10,
  roster: 11,
  bye: 12,
  // 20 to 39: between a participant and the rendezvous.
  enter: 20,
  entered: 21,
  peerCame: 22,
  peerGone: 23,
  signal: 24,
  relay: 25,
  ballot: 26,
  members: 27,
  found: 28,
  founding: 29,
  heartbeat: 30,
  // In rooms that keep seats; see mesh/room-messages.ts.
  cell: 31,
  cellNoted: 33,
  epoch: 34,
  epochAck: 35,
  epochCommit: 36,
  recall: 37,
  known: 38,
  challenge: 39,
  // Between lockstep peers; see lockstep/.
  peerInput: 40,
  prepare: 41,
  promise: 42,
  accept: 43,
  accepted: 44,
  outbid: 45,
  viewCommit: 46,
  peerWelcome: 47,
  stateRequest: 48,
  statePart: 49,
  evicted: 50,
  checksum: 51,
  section: 52,
  heads: 53,
  headOf: 54,
  // 60 to 69: between peers of a mesh; see mesh/.
  meshState: 60,
  meshPing: 61,
  meshAsk: 62,
  meshNear: 63,
  meshForward: 64,
  meshNews: 65,
  meshKill: 66,
  meshSignal: 67,
  meshBundle: 68,
  // 70 to 79: what lets peers of a mesh trust each other; see mesh/trust/.
  meshHello: 70,
  meshProof: 71,
  meshHead: 72,
  meshMentions: 73,
  meshHeadOf: 74,
  meshAccusation: 75,
  meshVouch: 76,
  meshVouched: 77,
  meshPaid: 78,
  meshSpends: 79,
  // 80 to 95: between those who claim coins and those who keep the record of them; see mesh/ledger/.
  ledgerClaim: 80,
  ledgerAnswer: 81,
  ledgerFetch: 82,
  ledgerFetched: 83,
  ledgerPut: 84,
  ledgerKept: 85,
  ledgerRecall: 86,
  ledgerRecalled: 87,
  ledgerLast: 95,
} as const;

/** Longest message that a client may send; longer ones are malformed, unread. */
export const MAX_CLIENT_MESSAGE_BYTES = 1200;
/** Longest message of an authority; see `SNAPSHOT_LIMITS` for what keeps a snapshot below it. */
export const MAX_MESSAGE_BYTES = 16_384;
export const MAX_NAME_BYTES = 24;
export const MAX_TEXT_BYTES = 200;
export const TOKEN_BYTES = 16;
/** Peers of a room are numbered in 16 bits, from 1. */
export const MAX_PEER_ID = 0xffff;
/** Of a public key, where peers sign. */
export const KEY_BYTES = 32;
/** Roster lines in one answer, so that it stays below one datagram's usual 1,200 bytes. */
export const MAX_ROSTER_ENTRIES = 25;
/** Entities of each kind in one snapshot: together below MAX_MESSAGE_BYTES. What is nearer goes first. */
export const SNAPSHOT_LIMITS = { players: 1000, shots: 600, coins: 600 } as const;

/** Bad bytes from outside: drop the datagram, count it, carry on. */
export class ProtocolError extends Error {
  override name = 'ProtocolError';
}
