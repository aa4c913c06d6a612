/** What diallers tell each other of a session description, and what the other side makes of it. */
import { expect, test } from 'vitest';
import { describe, formatSignal, parseSignal, sessionDescription } from '../../links/peer-signals.ts';

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

test.each(OFFERS)('all that is particular comes through, in fewer than 170 bytes', (sdp) => {
  const description = describe(sdp, 'offer')!;
  expect(description).toMatchObject({ ufrag: 'x+QE', pwd: 'eXwc908GAIcTxA/MkmKFGx', setup: 'actpass' });
  const text = formatSignal({ type: 'offer', attempt: '1z141z3', ...description });
  expect(text.length).toBeLessThan(170);
  expect(parseSignal(text)).toEqual({ type: 'offer', attempt: '1z141z3', ...description });
  const rebuilt = sessionDescription(description);
  expect(rebuilt).toContain(`a=fingerprint:sha-256 ${HEX}\r\n`);
  expect(describe(rebuilt, 'offer')).toEqual(description);
});

test('what is no such description is none: without a fingerprint, of another hash, an offer that answers', () => {
  const [sdp] = OFFERS as [string, string];
  expect(describe(sdp.replace(/a=fingerprint.*\r\n/, ''), 'offer')).toBeNull();
  expect(describe(sdp.replace('sha-256', 'sha-1'), 'offer')).toBeNull();
  expect(describe(sdp.replace(':1C', ''), 'offer')).toBeNull();
  expect(describe(sdp, 'answer')).toBeNull();
  expect(describe(sdp.replace('actpass', 'active'), 'offer')).toBeNull();
});
