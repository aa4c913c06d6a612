/**
 * What two diallers say to each other through the rendezvous: an offer, an answer, candidates; small JSON texts.
 * Everything is validated here, before native code or a browser sees it, because it comes from a stranger. Browser-safe.
 */
import { isSessionDescription } from './signalling.ts';

export type PeerSignal = {
  /** Names one attempt to connect, chosen by who offers: what belongs to an older attempt is told apart by it. */
  attempt: string;
} & (
  | { type: 'offer' | 'answer'; sdp: string }
  /** `mid` is the section of the description that the candidate belongs to. */
  | { type: 'candidate'; candidate: string; mid: string }
);

/** Longest signal that is read. A description without candidates is about 450 bytes long in Node, 550 in Chromium. */
export const MAX_PEER_SIGNAL_BYTES = 4096;

const ATTEMPT_FORM = /^[0-9a-z.]{1,24}$/;
const MID_FORM = /^[0-9A-Za-z]{0,8}$/;
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
  const { type, attempt, sdp, candidate, mid } = value;
  if (!isAttempt(attempt)) return null;
  if (type === 'offer' || type === 'answer') return isSessionDescription(sdp) ? { type, attempt, sdp } : null;
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

/** A description without the candidates in it: they are signals of their own, which can be withheld. */
export function withoutCandidates(sdp: string): string {
  return sdp.replace(/^a=(candidate:.*|end-of-candidates)\r?\n/gm, '');
}

/** The candidates that a description has in it. */
export function candidatesIn(sdp: string): { candidate: string; mid: string }[] {
  const mid = /^a=mid:(\S+)/m.exec(sdp)?.[1] ?? '';
  return (sdp.match(/^a=candidate:.*$/gm) ?? []).map((candidate) => ({ candidate, mid }));
}
