/** What both data-channel ends share: the paths of geckos.io's signalling, and its failures as sentences. Browser-safe. */

/** Root of geckos.io's HTTP routes. */
export const SIGNALLING_PATH = '/.wrtc/v2';

/** Label by which both sides know the one data channel. */
export const CHANNEL_LABEL = 'geckos.io';

/** Descriptions carry a certificate fingerprint; what lacks one cannot be answered anyway. */
const SDP_FORM = /^v=0\r?\n[\s\S]*a=fingerprint:/;

/** Whether something from outside may be handed to native code as a description. */
export function isSessionDescription(sdp: unknown): sdp is string {
  return typeof sdp === 'string' && sdp.length <= MAX_SIGNAL_BYTES && SDP_FORM.test(sdp);
}

/** Longest session description or list of candidates that either side reads. */
export const MAX_SIGNAL_BYTES = 16 * 1024;

/** A failed signalling step as a sentence that says what to do. */
export function readableSignalError(error: unknown, url: string): string {
  const { status, message, cause } = error as { status?: number; message?: string; cause?: { code?: string } };
  if (status === 503) return `the match at ${url} is full; try again later`;
  if (status === 404) return `there is no host at ${url}`;
  // Browsers say no more than that a request failed.
  if (cause?.code === 'ECONNREFUSED' || (error instanceof TypeError && !cause)) {
    return `nobody listens at ${url}; is the host running, and on this port?`;
  }
  return `could not reach the host at ${url}: ${message || status || 'no answer'}`;
}
