import { expect, test } from 'vitest';
import { Access } from '../../links/access.ts';
import { BaseEnd } from '../../links/client-end.ts';
import type { Timer } from '../../links/timer.ts';
import { customProfile } from '../../netcode/link/profiles.ts';
import { TimedQueue } from '../../netcode/link/timed-queue.ts';
import { RENDEZVOUS } from '../../netcode/session.ts';

/** Time that passes when it is told to. */
class TestTimer implements Timer {
  readonly #due = new TimedQueue<() => void>();
  #nowMs = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  callAt(atMs: number, callback: () => void): () => void {
    let isCancelled = false;
    this.#due.push(atMs, () => isCancelled || callback());
    return () => {
      isCancelled = true;
    };
  }

  passTo(atMs: number): void {
    while (this.#due.nextTime <= atMs) {
      this.#nowMs = Math.max(this.#nowMs, this.#due.nextTime);
      this.#due.pop()!();
    }
    this.#nowMs = atMs;
  }
}

/** An open end that keeps what was sent, and lets things arrive. */
class TestEnd extends BaseEnd {
  readonly transport = 'datagram';
  readonly bufferedBytes = 0;
  readonly sent: { atMs: number; number: number }[] = [];
  readonly #timer: Timer;

  constructor(timer: Timer) {
    super();
    this.#timer = timer;
  }

  open(): void {
    this.opened();
  }

  arrive(bytes: Uint8Array): void {
    this.received(bytes);
  }

  protected transmit(bytes: Uint8Array): void {
    this.sent.push({ atMs: this.#timer.nowMs(), number: bytes[0]! | (bytes[1]! << 8) });
  }

  protected release(): void {}
}

function numbered(number: number): Uint8Array {
  return Uint8Array.of(number & 0xff, number >>> 8);
}

function setUp(profile: Parameters<typeof customProfile>[0], peers: readonly number[]) {
  const timer = new TestTimer();
  const access = new Access({ profile: customProfile(profile), seed: 5, participant: 3, timer });
  const links = peers.map((peer) => {
    const inner = new TestEnd(timer);
    const end = access.condition(inner, peer);
    inner.open();
    return { inner, end };
  });
  return { timer, access, links };
}

test('a burst of loss hits all links of a participant at once', () => {
  const { timer, links } = setUp({ lossRatio: 0.2, meanBadMs: 50 }, [RENDEZVOUS, 7, 8]);
  for (let n = 0; n < 5000; n++) {
    timer.passTo(n);
    for (const { end } of links) end.send('unreliable', numbered(n));
  }
  timer.passTo(6000);
  const [first, ...others] = links.map(({ inner }) => inner.sent.map(({ number }) => number));
  for (const other of others) expect(other).toEqual(first);
  expect(first!.length).toBeGreaterThan(3500);
  expect(first!.length).toBeLessThan(4500);
});

test('delays differ from link to link', () => {
  const { timer, links } = setUp({ jitterScaleMs: 20 }, [7, 8]);
  for (let n = 0; n < 100; n++) for (const { end } of links) end.send('unreliable', numbered(n));
  timer.passTo(1000);
  const [first, second] = links.map(({ inner }) => inner.sent.map(({ number }) => number));
  expect(first).not.toEqual(second);
});

test('what a peer sent is not delayed a second time; what comes from the rendezvous is', () => {
  const { timer, links } = setUp({ baseRttMs: 100 }, [RENDEZVOUS, 7]);
  const arrivedMs = links.map(({ inner, end }) => {
    let atMs = Number.NaN;
    end.onMessage = () => {
      atMs = timer.nowMs();
    };
    inner.arrive(numbered(1));
    return () => atMs;
  });
  for (const { end } of links) end.send('unreliable', numbered(2));
  timer.passTo(500);
  expect(arrivedMs.map((at) => at())).toEqual([50, 0]);
  expect(links.map(({ inner }) => inner.sent[0]!.atMs)).toEqual([50, 50]);
});

test('links compete for one uplink', () => {
  const timer = new TestTimer();
  const access = new Access({ profile: customProfile({}), seed: 5, participant: 3, upKbps: 80, timer });
  const [first, second] = [7, 8].map((peer) => {
    const inner = new TestEnd(timer);
    const end = access.condition(inner, peer);
    inner.open();
    return { inner, end };
  });
  // 80 kbit/s carry ten bytes a millisecond.
  first!.end.send('unreliable', new Uint8Array(107));
  second!.end.send('unreliable', new Uint8Array(107));
  timer.passTo(500);
  expect(first!.inner.sent[0]!.atMs).toBe(20);
  expect(second!.inner.sent[0]!.atMs).toBe(40);
});

test('another profile holds for all links, and for those to come', () => {
  const { timer, access, links } = setUp({ baseRttMs: 100 }, [7]);
  access.setProfile(customProfile({ baseRttMs: 20 }));
  const inner = new TestEnd(timer);
  links.push({ inner, end: access.condition(inner, 8) });
  inner.open();
  for (const { end } of links) end.send('unreliable', numbered(1));
  timer.passTo(500);
  expect(links.map(({ inner: { sent } }) => sent[0]!.atMs)).toEqual([10, 10]);
});
