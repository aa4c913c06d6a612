/**
 * Opens a data channel from this process to itself and sends one message across: whether WebRTC really works here. It is
 * a process of its own, because a native library that does not load, or that crashes, takes its process with it.
 */
import type { PeerConnection } from 'node-datachannel';

const PROBE_TIMEOUT_MS = 8000;

/** Tells `to` all that `from` finds out about itself. A candidate without the description before it would end the process. */
function introduce(from: PeerConnection, to: PeerConnection): void {
  let isDescribed = false;
  const waiting: [string, string][] = [];
  from.onLocalDescription((sdp, type) => {
    to.setRemoteDescription(sdp, type);
    isDescribed = true;
    for (const [candidate, mid] of waiting.splice(0)) to.addRemoteCandidate(candidate, mid);
  });
  from.onLocalCandidate((candidate, mid) => {
    if (isDescribed) to.addRemoteCandidate(candidate, mid);
    else waiting.push([candidate, mid]);
  });
}

async function probe(): Promise<void> {
  const { default: library } = await import('node-datachannel');
  const options = { iceServers: [], bindAddress: '127.0.0.1' };
  const near = new library.PeerConnection('near', options);
  const far = new library.PeerConnection('far', options);
  introduce(near, far);
  introduce(far, near);
  await new Promise<void>((resolve) => {
    far.onDataChannel((channel) => channel.onMessage(() => resolve()));
    const channel = near.createDataChannel('probe', { unordered: true, maxRetransmits: 0 });
    channel.onOpen(() => channel.sendMessage('hello'));
  });
  near.close();
  far.close();
}

const timer = setTimeout(() => finish(`no message crossed within ${PROBE_TIMEOUT_MS / 1000} s`), PROBE_TIMEOUT_MS);

function finish(problem: string | null): void {
  clearTimeout(timer);
  process.send?.({ type: 'probed', problem }, () => process.exit(0));
}

process.on('disconnect', () => process.exit(0));
probe().then(
  () => finish(null),
  (error: Error) => finish(error.message.split('\n')[0]!),
);
