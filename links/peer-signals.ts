/**
 * What two diallers say to each other through the rendezvous, as short texts of one line or more:
 *
 *     offer <attempt> <ufrag> <pwd> <fingerprint>      answer: the same
 *     <candidate>                                       as many as are known by then
 *
 *     candidates <attempt>                              those that came to light later
 *     <candidate>
 *
 * Everything is validated here, before native code or a browser sees it, because it comes from a stranger. Browser-safe.
 */

/**
 * What is particular to one side of a connection with one data channel. All the rest of its session description (RFC 8866,
 * 8839, 8841) is the same for everybody, and is not sent: that is four fifths of it.
 */
export interface Description {
  ufrag: string;
  pwd: string;
  /** SHA-256 of its certificate, in base64 without padding. */
  fingerprint: string;
}

export type PeerSignal = {
  /** Names one attempt to connect, chosen by who offers: what belongs to an older attempt is told apart by it. */
  attempt: string;
  /** Without the word `candidate:` that they begin with in a session description. */
  candidates: string[];
} & ({ type: 'offer' | 'answer'; description: Description } | { type: 'candidates'; description: null });

/** Longest signal that is read. With one candidate, a description is about 130 bytes long. */
export const MAX_PEER_SIGNAL_BYTES = 1024;
/** Candidates in one signal. */
export const MOST_CANDIDATES_AT_ONCE = 8;

const ATTEMPT_FORM = /^[0-9a-z.]{1,24}$/;
const UFRAG_FORM = /^[\w+/-]{4,64}$/;
const PWD_FORM = /^[\w+/-]{22,128}$/;
const FINGERPRINT_FORM = /^[\w+/]{43}$/;
/** Foundation, component, transport, priority, address, port, type, and whatever extensions follow. */
const CANDIDATE_FORM =
  /^[\w+/]{1,32} \d{1,3} (udp|tcp) \d{1,10} ([\w.:-]{1,255}) \d{1,5} typ (host|srflx|prflx|relay)( [\w.:+/ -]{0,300})?$/i;

/** The signal in a text from outside, or null when it is none. */
export function parseSignal(payload: string): PeerSignal | null {
  if (payload.length > MAX_PEER_SIGNAL_BYTES) return null;
  const [head = '', ...candidates] = payload.split('\n');
  const [type, attempt = '', ...fields] = head.split(' ');
  const areCandidates = candidates.every((candidate) => CANDIDATE_FORM.test(candidate));
  if (!ATTEMPT_FORM.test(attempt) || !areCandidates || candidates.length > MOST_CANDIDATES_AT_ONCE) return null;
  if (type === 'candidates') {
    return fields.length === 0 && candidates.length > 0 ? { type, attempt, description: null, candidates } : null;
  }
  const [ufrag = '', pwd = '', fingerprint = ''] = fields;
  const description = { ufrag, pwd, fingerprint };
  if ((type !== 'offer' && type !== 'answer') || fields.length !== 3 || !isDescription(description)) return null;
  return { type, attempt, description, candidates };
}

export function formatSignal({ type, attempt, description, candidates }: PeerSignal): string {
  const fields = description ? [description.ufrag, description.pwd, description.fingerprint] : [];
  return [[type, attempt, ...fields].join(' '), ...candidates].join('\n');
}

/** Address of a candidate that has the form above. */
export function addressOfCandidate(candidate: string): string {
  return CANDIDATE_FORM.exec(candidate)?.[2] ?? '';
}

function isDescription({ ufrag, pwd, fingerprint }: Description): boolean {
  return UFRAG_FORM.test(ufrag) && PWD_FORM.test(pwd) && FINGERPRINT_FORM.test(fingerprint);
}

/** What is particular in a session description; null where that is not of the kind that peers make. */
export function describe(sdp: string): Description | null {
  const field = (name: string) => new RegExp(`^a=${name}:(\\S+)`, 'm').exec(sdp)?.[1] ?? '';
  const hex = /^a=fingerprint:sha-256 ([0-9A-F:]+)/im.exec(sdp)?.[1]?.split(':') ?? [];
  const base64 = btoa(String.fromCharCode(...hex.map((byte) => Number.parseInt(byte, 16))));
  const value = { ufrag: field('ice-ufrag'), pwd: field('ice-pwd'), fingerprint: base64.replace(/=+$/, '') };
  return isDescription(value) ? value : null;
}

/**
 * The session description of a side of which all that is particular was told, without candidates. Who offers also begins
 * with DTLS: by the time it has the answer the other side is ready. Were it the other way round (as it is where an offer
 * leaves it open), the one who answers might greet a side that does not know it yet, and again a second later: six of 72
 * links on one machine took a second more, and none of 84 as it is.
 */
export function sessionDescription(type: 'offer' | 'answer', { ufrag, pwd, fingerprint }: Description): string {
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
    `a=setup:${type === 'offer' ? 'active' : 'passive'}`,
    `a=mid:${MID}`,
    'a=sctp-port:5000',
    'a=max-message-size:262144',
    '',
  ].join('\r\n');
}

/** The one section of every description, to which all candidates belong. */
export const MID = '0';

/** The candidates that a description has in it. */
export function candidatesIn(sdp: string): string[] {
  return (sdp.match(/^a=candidate:.*$/gm) ?? []).map(bareCandidate);
}

/** A candidate as signals have it, of one as a session description or a platform words it. */
export function bareCandidate(candidate: string): string {
  return candidate.trim().replace(/^(a=)?candidate:/, '');
}
