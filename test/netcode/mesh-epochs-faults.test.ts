import { expect, test } from 'vitest';
import { EpochsWorld } from './mesh-epochs-world.ts';

/** EPOCH_SEEDS=1-1000 for many more. */
const [first = 1, last = 200] = (process.env.EPOCH_SEEDS ?? '').split('-').filter(Boolean).map(Number);

for (let seed = first; seed <= last; seed++) {
  test(`epochs are agreed on once, whatever fails (seed ${seed})`, () => {
    const world = new EpochsWorld(seed, 2000);
    for (let i = 0; i < 2 + world.random.below(5); i++) {
      world.add();
      world.run(world.random.below(400));
    }
    // Faults follow each other closely in every other run: then they meet what is under way.
    const everyMs = seed % 2 === 0 ? 500 : 2500;
    world.isSpiteful = seed % 4 >= 2;
    for (let i = 0; i < 25; i++) {
      world.fault();
      world.run(world.random.below(everyMs));
    }
    world.heal();
    world.add();
    world.run(40_000);
    world.checkMajorities();
    const { present } = world;
    for (const { client, name } of present) {
      expect(client.state, name).toBe('entered');
      expect(client.seat, name).toMatchObject({ isAway: false });
      expect(client.epoch, name).toMatchObject({
        line: present[0]!.client.epoch!.line,
        number: present[0]!.client.epoch!.number,
      });
      expect(client.peers.size, name).toBe(present.length - 1);
    }
    const [room] = world.rendezvous!.status.rooms;
    expect(room!.seats).toMatchObject({ epoch: present[0]!.client.epoch!.number, seats: present.length, away: 0 });
  });
}
