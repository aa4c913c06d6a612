import type { RendezvousMessage } from '../../netcode/rendezvous-messages.ts';

const token = new Uint8Array(16).fill(0xaa);
const bytes = Uint8Array.of(1, 2, 3);

/** One message of each kind and shape, with the bytes that it has in version 1. */
export const RENDEZVOUS_SAMPLES: { message: RendezvousMessage; hex: string }[] = [
  {
    message: {
      type: 'enter',
      protocol: 1,
      rulesHash: 0xdeadbeef,
      name: 'Ada',
      room: 'MAIN',
      create: null,
      reclaim: null,
    },
    hex: '0114 efbeadde 03416461 00 044d41494e',
  },
  {
    message: {
      type: 'enter',
      protocol: 1,
      rulesHash: 1,
      name: '',
      room: null,
      create: { maxPeers: 8, settings: bytes },
      reclaim: { peer: 0x1234, token },
    },
    hex: `0114 01000000 00 03 0800 0300 010203 3412 ${'aa'.repeat(16)}`,
  },
  {
    message: {
      type: 'entered',
      self: 2,
      token,
      room: 'K7QM2X',
      settings: bytes,
      peers: [{ peer: 1, name: 'Ada' }],
    },
    hex: `0115 0200 ${'aa'.repeat(16)} 064b37514d3258 0300 010203 0100 0100 03416461`,
  },
  { message: { type: 'peerCame', peer: 3, name: 'Bo' }, hex: '0116 0300 02426f' },
  { message: { type: 'peerGone', peer: 3 }, hex: '0117 0300' },
  { message: { type: 'signal', peer: 3, payload: 'v=0\r\n' }, hex: '0118 0300 763d300d0a' },
  { message: { type: 'relay', peer: 0x0102, payload: bytes }, hex: '0119 0201 010203' },
  { message: { type: 'ballot', payload: bytes }, hex: '011a 010203' },
  { message: { type: 'members', view: 258, peers: [1, 2] }, hex: '011b 02010000 0200 0100 0200' },
  { message: { type: 'found' }, hex: '011c' },
  { message: { type: 'founding', granted: true }, hex: '011d 01' },
  { message: { type: 'heartbeat' }, hex: '011e' },
];
