/**
 * What two diallers say to each other through the rendezvous: an offer, an answer, candidates; small JSON texts.
 * Everything is validated here, before native code or a browser sees it, because it comes from a stranger. Browser-safe.
 */

/**
 * What is particular to one side of a connection with one data channel. All the rest of its session description (RFC 8866,
 * 8839, 8841) is the same for everybody, and is not sent: that is four fifths of it.
 */
export interface Description {
  ufrag: string;
  pwd: string;
  /** SHA-256 of its certificate, in base64. */
  fingerprint: string;
  /** Who begins with DTLS: an offer leaves it open. */
  setup: 'actpass' | 'active' | 'passive';
}

export type PeerSignal = {
  /** Names one attempt to connect, chosen by who offers: what belongs to an older attempt is told apart by it. */
  attempt: string;
} & (
  | ({ type: 'offer' | 'answer' } & Description)
  /** `mid` is the section of the description that the candidate belongs to. */
  | { type: 'candidate'; candidate: string; mid: string }
);

/** Longest signal that is read. A description is about 150 bytes long, a candidate 110. */
export const MAX_PEER_SIGNAL_BYTES = 1024;

const ATTEMPT_FORM = /^[0-9a-z.]{1,24}$/;
const MID_FORM = /^[0-9A-Za-z]{0,8}$/;
const UFRAG_FORM = /^[\w+/-]{4,64}$/;
const PWD_FORM = /^[\w+/-]{22,128}$/;
const FINGERPRINT_FORM = /^[\w+/]{43}=$/;
/** Foundation, component, transport, priority, address, port, type, and whatever extensions follow. */
const CANDIDATE_FORM =
  /^(a=)?candidate:[\w+/]{1,32} \d{1,3} (udp|tcp) \d{1,10} ([\w.:-]{1,255}) \d{1,5} typ (host|srflx|prflx|relay)( [\w.:+/ -]{0,300})?$/i;

function isAttempt(value: unknown): value is string {
  return typeof value === 'string' && ATTEMPT_FORM.test(value);
}

/** The signal in a text from outside, or null when it is none. */
export function parseSignal(payload: string): PeerSignal | null {
  if (payload.length > MAX_PEER_SIGNAL_BYTES) return null;
  let value: Record<string, unknown>;
  try {
    value = (JSON.parse(payload) ?? {}) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { type, attempt, candidate, mid } = value;
  if (!isAttempt(attempt)) return null;
  if (type === 'offer' || type === 'answer') {
    const { ufrag, pwd, fingerprint, setup } = value;
    const description = { ufrag, pwd, fingerprint, setup };
    return isDescription(description, type) ? { type, attempt, ...description } : null;
  }
  if (type !== 'candidate') return null;
  if (typeof candidate !== 'string' || !CANDIDATE_FORM.test(candidate)) return null;
  return typeof mid === 'string' && MID_FORM.test(mid) ? { type, attempt, candidate, mid } : null;
}

export function formatSignal(signal: PeerSignal): string {
  return JSON.stringify(signal);
}

/** Address of a candidate that has the form above. */
export function addressOfCandidate(candidate: string): string {
  return CANDIDATE_FORM.exec(candidate)?.[3] ?? '';
}

function isDescription(value: Record<keyof Description, unknown>, type: 'offer' | 'answer'): value is Description {
  const { ufrag, pwd, fingerprint, setup } = value;
  const isText = typeof ufrag === 'string' && typeof pwd === 'string' && typeof fingerprint === 'string';
  if (!isText || !UFRAG_FORM.test(ufrag) || !PWD_FORM.test(pwd) || !FINGERPRINT_FORM.test(fingerprint)) return false;
  return type === 'offer' ? setup === 'actpass' : setup === 'active' || setup === 'passive';
}

/** What is particular in a session description; null where that is not of the kind that peers make. */
export function describe(sdp: string, type: 'offer' | 'answer'): Description | null {
  const field = (name: string) => new RegExp(`^a=${name}:(\\S+)`, 'm').exec(sdp)?.[1] ?? '';
  const hex = /^a=fingerprint:sha-256 ([0-9A-F:]+)/im.exec(sdp)?.[1]?.split(':') ?? [];
  const fingerprint = btoa(String.fromCharCode(...hex.map((byte) => Number.parseInt(byte, 16))));
  const value = { ufrag: field('ice-ufrag'), pwd: field('ice-pwd'), fingerprint, setup: field('setup') };
  return isDescription(value, type) ? value : null;
}

/** The session description of a side of which all that is particular was told, without candidates. */
export function sessionDescription({ ufrag, pwd, fingerprint, setup }: Description): string {
  const hex = [...atob(fingerprint)].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase());
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${hex.join(':')}`,
    `a=setup:${setup}`,
    'a=mid:0',
    'a=sctp-port:5000',
    'a=max-message-size:262144',
    '',
  ].join('\r\n');
}

/** The candidates that a description has in it. */
export function candidatesIn(sdp: string): { candidate: string; mid: string }[] {
  const mid = /^a=mid:(\S+)/m.exec(sdp)?.[1] ?? '';
  return (sdp.match(/^a=candidate:.*$/gm) ?? []).map((candidate) => ({ candidate, mid }));
}
