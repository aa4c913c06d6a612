/** What diallers tell each other of a session description, and what the other side makes of it. */
import { expect, test } from 'vitest';
import { candidatesIn, describe, formatSignal, parseSignal, sessionDescription } from '../../links/peer-signals.ts';

const HEX = Array.from({ length: 32 }, (_, i) => (i * 7).toString(16).padStart(2, '0').toUpperCase()).join(':');

/** An offer as Chromium words it, and one as libdatachannel does. */
const OFFERS = [
  [
    'v=0',
    'o=- 89 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS',
  ],
  ['v=0', 'o=rtc 562653936 0 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=ice-options:ice2,trickle', 'a=msid-semantic:WMS *'],
].map((head) =>
  [
    ...head,
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'a=setup:actpass',
    'a=ice-ufrag:x+QE',
    'a=ice-pwd:eXwc908GAIcTxA/MkmKFGx',
    `a=fingerprint:sha-256 ${HEX}`,
    '',
  ].join('\r\n'),
);

const CANDIDATE = '1 1 UDP 2114977791 127.0.0.1 38841 typ host';

test.each(OFFERS)('all that is particular comes through, with a candidate in fewer than 140 bytes', (sdp) => {
  const description = describe(sdp)!;
  expect(description).toMatchObject({ ufrag: 'x+QE', pwd: 'eXwc908GAIcTxA/MkmKFGx' });
  const candidates = candidatesIn(`${sdp}a=candidate:${CANDIDATE}\r\na=end-of-candidates\r\n`);
  const signal = { type: 'offer', attempt: '1z141z3', description, candidates } as const;
  const text = formatSignal(signal);
  expect(text.length).toBeLessThan(140);
  expect(parseSignal(text)).toEqual({ ...signal, candidates: [CANDIDATE] });
  const rebuilt = sessionDescription('offer', description);
  expect(rebuilt).toContain(`a=fingerprint:sha-256 ${HEX}\r\n`);
  expect(describe(rebuilt)).toEqual(description);
});

test('who offers begins with DTLS, whatever its own description leaves open', () => {
  const description = describe(OFFERS[0]!)!;
  expect(sessionDescription('offer', description)).toContain('a=setup:active\r\n');
  expect(sessionDescription('answer', description)).toContain('a=setup:passive\r\n');
});

test('candidates that came to light later have a signal of their own', () => {
  const candidates = [CANDIDATE, '2 1 udp 2113937151 ba4e-9.local 50 typ host generation 0 network-cost 999'];
  const signal = { type: 'candidates', attempt: '1z141z3', description: null, candidates } as const;
  expect(parseSignal(formatSignal(signal))).toEqual(signal);
});

test('what is no such description is none: without a fingerprint, of another hash, cut short', () => {
  const [sdp] = OFFERS as [string, string];
  expect(describe(sdp.replace(/a=fingerprint.*\r\n/, ''))).toBeNull();
  expect(describe(sdp.replace('sha-256', 'sha-1'))).toBeNull();
  expect(describe(sdp.replace(':1C', ''))).toBeNull();
});

const OFFER = `offer m abcd ${'p'.repeat(22)} ${'A'.repeat(43)}`;
const BAD = {
  'nothing at all': '',
  'no attempt': 'offer',
  'an unknown word': OFFER.replace('offer', 'bid'),
  'a field too many': `${OFFER} actpass`,
  'a field too few': OFFER.slice(0, -44),
  'a line of its own in a description': `${OFFER}\r\na=ice-lite`,
  'an attempt with a capital': OFFER.replace(' m ', ' M '),
  'an empty candidate': `${OFFER}\n`,
  'a candidate with its prefix': `${OFFER}\ncandidate:${CANDIDATE}`,
  'a candidate without a type': `${OFFER}\n${CANDIDATE.replace(' typ host', '')}`,
  'nine candidates': [OFFER, ...Array(9).fill(CANDIDATE)].join('\n'),
  'candidates without any': 'candidates m',
  'candidates with a description': `${OFFER.replace('offer', 'candidates')}\n${CANDIDATE}`,
  JSON: '{"type":"offer"}',
};

test.each(Object.entries(BAD))('%s is no signal', (_, text) => {
  expect(parseSignal(OFFER)).not.toBeNull();
  expect(parseSignal(text)).toBeNull();
});
