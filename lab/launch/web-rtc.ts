/** What every topology over data channels needs of this machine. */
import { checkWebRtc } from '../doctor/checks.ts';

/** Why data channels do not work here, and what to do; null when they do. */
export async function webRtcObstacle(): Promise<string | null> {
  const finding = await checkWebRtc();
  return finding.ok ? null : `WebRTC does not work here (${finding.found}). ${finding.advice}`;
}
