import { type BallotMessage, encodeBallot } from '../../netcode/lockstep/ballot.ts';
import { encodePeerInput, type PeerInput } from '../../netcode/lockstep/peer-input-codec.ts';
import { encodePeerMessage, type PeerMessage } from '../../netcode/lockstep/peer-messages.ts';
import type { ViewChange } from '../../netcode/lockstep/roster.ts';

const bytes = Uint8Array.of(1, 2, 3);
const eight = (value: number) => new Uint8Array(8).fill(value);
const head = {
  firstTick: 1,
  tick: 20,
  digest: new Uint8Array(32).fill(0xd1),
  signature: new Uint8Array(64).fill(0x51),
};
const HEAD_HEX = `01000000 14000000 ${'d1'.repeat(32)} ${'51'.repeat(64)}`;

export const PEER_INPUT: PeerInput = {
  view: 0x10002,
  position: 100.5,
  timeMs: 0x1234,
  echoMs: 0x5678,
  heldMs: 7,
  marginTicks: 1.25,
  ack: 101,
  firstTick: 103,
  words: [0x3ffff, 1],
};

export const SEALED_INPUT: PeerInput = {
  ...PEER_INPUT,
  words: [1],
  sealed: { ack: 105, firstTick: 106, commitments: [eight(0xaa), eight(0xbb)], nonces: [eight(0xcc)] },
};

export const VIEW_CHANGE: ViewChange = {
  view: 3,
  drops: [{ peer: 4, lastTick: 50, removeTick: 251, words: [5, 6] }],
  joins: [
    { peer: 7, slot: 2, name: 'Bo', token: new Uint8Array(16).fill(0x70), firstTick: 60, resumes: true },
    {
      peer: 8,
      slot: 3,
      name: '',
      token: new Uint8Array(16).fill(0x80),
      firstTick: 60,
      resumes: false,
      key: new Uint8Array(32).fill(0x4b),
    },
  ],
};
export const VIEW_CHANGE_HEX = `03000000 01 02 0400 32000000 fb000000 02 050000 060000
  0700 0200 3c000000 01 ${'70'.repeat(16)} 02426f 0800 0300 3c000000 02 ${'80'.repeat(16)} ${'4b'.repeat(32)} 00`;

const ballots: { message: BallotMessage; hex: string }[] = [
  { message: { type: 'prepare', view: 2, ballot: 0x10003, drop: [4, 5] }, hex: '0129 02000000 03000100 02 0400 0500' },
  {
    message: {
      type: 'promise',
      view: 2,
      ballot: 0x10003,
      accepted: { ballot: 0x10001, value: bytes },
      reports: [{ peer: 4, through: 49, words: [5] }],
    },
    hex: '012a 02000000 03000100 01000100 0300 010203 01 0400 32000000 01 050000',
  },
  {
    message: { type: 'promise', view: 2, ballot: 0x10003, accepted: null, reports: [] },
    hex: '012a 02000000 03000100 00000000 00',
  },
  { message: { type: 'accept', view: 2, ballot: 0x10003, value: bytes }, hex: '012b 02000000 03000100 010203' },
  { message: { type: 'accepted', view: 2, ballot: 0x10003 }, hex: '012c 02000000 03000100' },
  { message: { type: 'outbid', view: 2, ballot: 0x20001 }, hex: '012d 02000000 01000200' },
];

const rare: { message: PeerMessage; hex: string }[] = [
  { message: { type: 'viewCommit', value: bytes }, hex: '012e 010203' },
  { message: { type: 'peerWelcome', view: 2, tick: 9 }, hex: '012f 02000000 09000000' },
  { message: { type: 'stateRequest' }, hex: '0130' },
  { message: { type: 'statePart', index: 1, count: 2, bytes }, hex: '0131 0100 0200 010203' },
  { message: { type: 'evicted', view: 2 }, hex: '0132 02000000' },
  {
    message: { type: 'checksum', tick: 20, history: 5, sums: [1, 2, 3, 4, 5] },
    hex: '0133 14000000 05000000 01000000 02000000 03000000 04000000 05000000',
  },
  {
    message: { type: 'section', tick: 20, section: 1, index: 0, count: 1, bytes },
    hex: '0134 14000000 01 0000 0100 010203',
  },
  {
    message: { type: 'heads', ...head, known: [{ peer: 4, tick: 20, prefix: eight(0xee) }] },
    hex: `0135 ${HEAD_HEX} 01 0400 14000000 ${'ee'.repeat(8)}`,
  },
  { message: { type: 'headOf', peer: 4, ...head }, hex: `0136 0400 ${HEAD_HEX}` },
];

/** One message of each kind and shape, with the bytes that it has in version 1. */
export const LOCKSTEP_SAMPLES: { message: PeerInput | BallotMessage | PeerMessage; bytes: Uint8Array; hex: string }[] =
  [
    {
      message: PEER_INPUT,
      bytes: encodePeerInput(PEER_INPUT),
      hex: '0128 02000100 64000000 80 3412 7856 07 0a 65000000 67000000 02 ffff03 010000',
    },
    {
      message: SEALED_INPUT,
      bytes: encodePeerInput(SEALED_INPUT),
      hex: `0128 02000100 64000000 80 3412 7856 07 0a 65000000 67000000 01 010000
      69000000 6a000000 02 ${'aa'.repeat(8)} ${'bb'.repeat(8)} ${'cc'.repeat(8)}`,
    },
    ...ballots.map(({ message, hex }) => ({ message, bytes: encodeBallot(message), hex })),
    ...rare.map(({ message, hex }) => ({ message, bytes: encodePeerMessage(message), hex })),
  ];
