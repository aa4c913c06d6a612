import { describe, expect, test } from 'vitest';
import { type ConditionedDirection, ConditionedLink } from '../../netcode/link/conditioned-link.ts';
import { createLine, linkRandom } from '../../netcode/link/line.ts';
import { HEADER_BYTES, LinkModel } from '../../netcode/link/link-model.ts';
import { JITTER_CLIP } from '../../netcode/link/portable-math.ts';
import { customProfile, type LinkProfile, PROFILES, profileOf } from '../../netcode/link/profiles.ts';
import type { Transport } from '../../netcode/session.ts';

/** The way from one participant's uplink to a peer without limits. */
function uplink(
  profile: LinkProfile,
  transport: Transport,
  seed: number,
  upKbps = Number.POSITIVE_INFINITY,
): LinkModel {
  const line = createLine({ profile, seed, participant: 1, upKbps });
  return new LinkModel({ profile, transport, random: linkRandom(seed, 1, 'up'), from: line.up, to: null });
}

function delivered(direction: ConditionedDirection, nowMs: number): Uint8Array[] {
  const taken: Uint8Array[] = [];
  direction.deliver(nowMs, (bytes) => taken.push(bytes));
  return taken;
}

/** Sends `count` messages `everyMs` apart and returns the delays of those that arrived, doubles included. */
function delaysOf(model: LinkModel, count: number, everyMs: number, byteLength = 100): number[] {
  const delays: number[] = [];
  for (let i = 0; i < count; i++) {
    const arrivals = model.offer(i * everyMs, byteLength);
    for (let k = 0; k < arrivals; k++) delays.push(model.arrivals[k]! - i * everyMs);
  }
  return delays;
}

describe('datagrams', () => {
  for (const profile of PROFILES) {
    test(`over ${profile.id} take half the base RTT, plus at most ten times the jitter scale (seed 1)`, () => {
      const delays = delaysOf(uplink(profile, 'datagram', 1), 20_000, 50);
      const least = Math.min(...delays);
      expect(least).toBeGreaterThanOrEqual(profile.baseRttMs / 2);
      expect(least).toBeLessThan(profile.baseRttMs / 2 + 0.01 * profile.jitterScaleMs);
      const most = profile.baseRttMs / 2 + JITTER_CLIP * profile.jitterScaleMs;
      expect(Math.max(...delays)).toBeLessThanOrEqual(most + 1e-9);
      expect(Math.max(...delays)).toBeGreaterThan(0.9 * most);
    });

    test(`over ${profile.id} are lost and doubled in the profile's shares (seed 2)`, () => {
      const model = uplink(profile, 'datagram', 2);
      const count = 400_000;
      const delays = delaysOf(model, count, 10);
      expect(model.counters.lost / count).toBeGreaterThanOrEqual(0.9 * profile.lossRatio);
      expect(model.counters.lost / count).toBeLessThanOrEqual(1.1 * profile.lossRatio);
      const doubled = model.counters.duplicated / (count - model.counters.lost);
      expect(Math.abs(doubled - profile.duplicationRatio)).toBeLessThanOrEqual(0.2 * profile.duplicationRatio);
      expect(delays.length).toBe(count - model.counters.lost + model.counters.duplicated);
    });
  }

  test('are lost in bursts as long as the profile says (seed 3)', () => {
    const profile = profileOf('mobile');
    const model = uplink(profile, 'datagram', 3);
    let lost = 0;
    let bursts = 0;
    let wasLost = false;
    for (let ms = 0; ms < 4_000_000; ms++) {
      const isLost = model.offer(ms, 10) === 0;
      if (isLost) lost++;
      if (isLost && !wasLost) bursts++;
      wasLost = isLost;
    }
    expect(lost / bursts / profile.meanBadMs).toBeCloseTo(1, 0.8);
  });

  test('overtake each other (seed 4)', () => {
    const delays = delaysOf(uplink(customProfile({ baseRttMs: 40, jitterScaleMs: 20 }), 'datagram', 4), 2000, 10);
    const overtaken = delays.filter((delay, i) => i > 0 && delays[i - 1]! > delay + 10).length;
    expect(overtaken).toBeGreaterThan(100);
  });

  test('beyond the rate wait at most 100 ms and are then lost', () => {
    // 300 bytes with their header every 10 ms are 314 kbit/s; half of that fits.
    const model = uplink(customProfile({}), 'datagram', 5, 157.2);
    const delays = delaysOf(model, 2000, 10, 300);
    expect(model.counters.overflowed / 2000).toBeCloseTo(0.5, 1);
    expect(Math.max(...delays)).toBeLessThan(100 + 2 * (((300 + HEADER_BYTES.datagram) * 8) / 157.2));
    expect(Math.max(...delays)).toBeGreaterThan(100);
  });

  test('of two links of one participant are lost in the same bursts', () => {
    const profile = profileOf('mobile');
    const line = createLine({ profile, seed: 6, participant: 9 });
    const toward = (n: number) =>
      new LinkModel({ profile, transport: 'datagram', random: linkRandom(6, n, 'up'), from: line.up, to: null });
    const a = toward(1);
    const b = toward(2);
    let either = 0;
    let both = 0;
    for (let ms = 0; ms < 400_000; ms += 5) {
      const lostA = a.offer(ms, 10) === 0;
      const lostB = b.offer(ms, 10) === 0;
      if (lostA || lostB) either++;
      if (lostA && lostB) both++;
    }
    expect(either).toBeGreaterThan(1000);
    expect(both).toBe(either);
  });
});

describe('streams', () => {
  for (const seed of [1, 2, 3]) {
    test(`over mobile lose nothing and keep order, and a loss holds back what follows (seed ${seed})`, () => {
      const profile = profileOf('mobile');
      const model = uplink(profile, 'stream', seed);
      let last = 0;
      let heldBack = 0;
      for (let ms = 0; ms < 600_000; ms += 50) {
        expect(model.offer(ms, 100)).toBe(1);
        const arrival = model.arrivals[0]!;
        expect(arrival).toBeGreaterThanOrEqual(last);
        expect(arrival).toBeGreaterThanOrEqual(ms + profile.baseRttMs / 2);
        if (arrival === last) heldBack++;
        last = arrival;
      }
      // 3 % of 12,000 are sent again, and each such loss costs about 2·SRTT ≈ 240 ms: four or five wait behind it.
      expect(model.counters.retransmitted).toBeGreaterThan(200);
      expect(heldBack).toBeGreaterThan(model.counters.retransmitted / 2);
    });
  }

  test('send a lost segment again after 2·SRTT, then after the timeout, then after twice as long', () => {
    const profile = customProfile({ baseRttMs: 40 });
    const badUntil = (endMs: number) => ({ isBad: (atMs: number) => atMs < endMs, set: () => {} });
    const arrivalAfter = (endMs: number) => {
      const from = { ...createLine({ profile, seed: 1, participant: 1 }).up, loss: badUntil(endMs) };
      const model = new LinkModel({ profile, transport: 'stream', random: linkRandom(1, 1, 'up'), from, to: null });
      model.offer(0, 100);
      return model.arrivals[0];
    };
    // SRTT 40 without jitter: tries at 0, 80, 80 + 200, 80 + 200 + 400 ms, each 20 ms on its way.
    expect(arrivalAfter(0)).toBe(20);
    expect(arrivalAfter(1)).toBe(80 + 20);
    expect(arrivalAfter(81)).toBe(280 + 20);
    expect(arrivalAfter(281)).toBe(680 + 20);
  });

  test('on a dead line give up, and say so', () => {
    const model = uplink(customProfile({ lossRatio: 1 }), 'stream', 1);
    expect(model.offer(0, 100)).toBe(0);
    expect(model.broken).toBe(true);
  });

  test('beyond the rate make the sender wait, without loss', () => {
    const model = uplink(customProfile({}), 'stream', 1, (378 * 8) / 20);
    const delays = delaysOf(model, 500, 10, 300);
    expect(delays.length).toBe(500);
    expect(delays.at(-1)! - delays[0]!).toBeCloseTo(499 * 10, 3);
  });
});

describe('a link', () => {
  for (const transport of ['datagram', 'stream'] as const) {
    test(`repeats itself by seed, and differs by seed and by participant (${transport})`, () => {
      const profile = profileOf('mobile');
      const play = (seed: number, participant: number) => {
        const link = new ConditionedLink({ profile, transport, seed, participant, upKbps: 500 });
        const heard: string[] = [];
        for (let ms = 0; ms < 20_000; ms += 25) {
          link.up.offer(Uint8Array.of(ms & 255, ms >> 8), ms);
          link.down.offer(Uint8Array.of(ms >> 8, ms & 255), ms);
          link.up.deliver(ms, (bytes) => heard.push(`${ms} up ${bytes}`));
          link.down.deliver(ms, (bytes) => heard.push(`${ms} down ${bytes}`));
        }
        return heard.join('\n');
      };
      expect(play(7, 1)).toBe(play(7, 1));
      expect(play(7, 1)).not.toBe(play(8, 1));
      expect(play(7, 1)).not.toBe(play(7, 2));
    });
  }

  test('conditioned hands out each message once, when it is due and not before', () => {
    const link = new ConditionedLink({
      profile: customProfile({ baseRttMs: 100 }),
      transport: 'datagram',
      seed: 1,
      participant: 1,
    });
    expect(link.nextDueMs).toBe(Number.POSITIVE_INFINITY);
    link.up.offer(Uint8Array.of(1), 0);
    link.down.offer(Uint8Array.of(2), 10);
    expect(link.nextDueMs).toBe(50);
    expect(delivered(link.up, 49.9)).toEqual([]);
    expect(delivered(link.up, 50)).toEqual([Uint8Array.of(1)]);
    expect(delivered(link.up, 1000)).toEqual([]);
    expect(link.nextDueMs).toBe(60);
    link.setExtraDelay(100);
    link.up.offer(Uint8Array.of(3), 60);
    expect(link.up.nextDueMs).toBe(60 + 50 + 100);
    link.clear();
    expect(link.nextDueMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('conditioned hands over at once what nothing holds back, and copies what has to wait', () => {
    const profile = customProfile({ baseRttMs: 100 });
    const options = { profile, transport: 'datagram', seed: 1, participant: 1 } as const;
    const buffer = Uint8Array.of(1);
    const heard: Uint8Array[] = [];
    const { down } = new ConditionedLink({ ...options, isPeerConditioned: true });
    down.pass(buffer, 10, (bytes) => heard.push(bytes));
    expect(heard[0]).toBe(buffer);
    expect(down.heldCount).toBe(0);
    const late = new ConditionedLink(options).down;
    late.pass(buffer, 10, (bytes) => heard.push(bytes));
    expect(heard).toHaveLength(1);
    buffer[0] = 2;
    late.pass(buffer, 70, (bytes) => heard.push(bytes));
    expect(heard.slice(1)).toEqual([Uint8Array.of(1)]);
    expect(delivered(late, 120)).toEqual([Uint8Array.of(2)]);
  });

  test('conditioned takes another profile while it runs (seed 1)', () => {
    const link = new ConditionedLink({ profile: customProfile({}), transport: 'datagram', seed: 1, participant: 1 });
    const lossOf = (fromMs: number) => {
      const before = link.up.model.counters.lost;
      for (let ms = fromMs; ms < fromMs + 100_000; ms += 10) link.up.offer(Uint8Array.of(1), ms);
      return (link.up.model.counters.lost - before) / 10_000;
    };
    expect(lossOf(0)).toBe(0);
    link.setProfile(customProfile({ lossRatio: 0.2, meanBadMs: 20 }));
    expect(lossOf(100_000)).toBeCloseTo(0.2, 1);
    link.setProfile(customProfile({}));
    expect(lossOf(200_000)).toBe(0);
  });
});
