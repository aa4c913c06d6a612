/**
 * A room that keeps seats under every fault that a network and its machines have: loss, delay, duplicates and disorder;
 * links that break, noticed or not; programs that stop, crash with or without their memory, or leave; a rendezvous that is
 * killed and begins anew without any memory. It watches all the while that the agreement on epochs is never broken.
 */
import { Random } from '../../game/random.ts';
import type { Epoch } from '../../netcode/mesh/epoch.ts';
import { quorumOf, votersOf } from '../../netcode/mesh/epoch-recovery.ts';
import { decodeMessage } from '../../netcode/messages.ts';
import { Outbox } from '../../netcode/outbox.ts';
import { Kind } from '../../netcode/protocol.ts';
import { RendezvousClient } from '../../netcode/rendezvous-client.ts';
import { decodeRendezvous } from '../../netcode/rendezvous-messages.ts';
import { DEFAULT_RENDEZVOUS, RendezvousSession } from '../../netcode/rendezvous-session.ts';

const STEP_MS = 5;
/** More than there are players, for the seats of those who crashed are held. */
const SEATS = 24;
const MOST_PLAYERS = 8;

/** A program of a player; after a crash without memory it is another one. */
interface Player {
  readonly name: string;
  client: RendezvousClient;
  outbox: Outbox;
  /** Its link to the rendezvous; 0 for none. */
  link: number;
  isFrozen: boolean;
  /** What it sends and what it is sent is lost, and nobody is told. */
  isCutOff: boolean;
  /** When its driver opens another link. */
  redialMs: number;
  hasLeft: boolean;
  /** The newest epoch that it knew, of which line and as whom. */
  newest: { line: number; self: number; number: number };
}

interface Parcel {
  atMs: number;
  up: boolean;
  link: number;
  bytes: Uint8Array;
}

export class EpochsWorld {
  nowMs = 0;
  readonly random: Random;
  readonly players: Player[] = [];
  rendezvous: RendezvousSession | null;
  restartMs = Number.POSITIVE_INFINITY;
  lossRatio = 0;
  jitterMs = 20;
  /** The rendezvous dies, again and again, while it tells what was decided, and who heard of it is cut off. */
  isSpiteful = false;
  #spiteMs = Number.POSITIVE_INFINITY;
  /** What was decided, by line and number. */
  readonly decided = new Map<string, string>();
  readonly epochs = new Map<string, Epoch>();
  lines = new Set<number>();
  /** Votes by line, number and ballot; and those who said bye to a rendezvous. */
  readonly #votes = new Map<string, Set<number>>();
  readonly #byes = new Set<number>();
  #parcels: Parcel[] = [];
  #links = 0;
  #names = 0;
  readonly #recoverMs: number;

  constructor(seed: number, recoverMs: number) {
    this.random = new Random(seed, 77);
    this.#recoverMs = recoverMs;
    this.rendezvous = this.#start(0);
  }

  #start(recoverMs: number): RendezvousSession {
    const room = { code: 'MAIN', settings: Uint8Array.of(1), maxPeers: 2 * SEATS, seats: SEATS };
    const randomBytes = (into: Uint8Array) => {
      for (let i = 0; i < into.length; i++) into[i] = this.random.below(256);
    };
    const times = { recoverMs, seatHoldMs: 4000, abandonMs: 12_000 };
    const options = { ...DEFAULT_RENDEZVOUS, ...times, transport: 'datagram', rooms: [room], randomBytes } as const;
    return new RendezvousSession(options, this.nowMs);
  }

  add(): Player {
    const name = `P${++this.#names}`;
    const player: Player = {
      name,
      ...this.#program(name),
      link: 0,
      isFrozen: false,
      isCutOff: false,
      redialMs: this.nowMs,
      hasLeft: false,
      newest: { line: 0, self: 0, number: 0 },
    };
    this.players.push(player);
    return player;
  }

  #program(name: string, reclaim?: RendezvousClient['reclaim']): Pick<Player, 'client' | 'outbox'> {
    const outbox = new Outbox({ sentMessages: 0, sentBytes: 0 });
    const options = { transport: 'datagram', name, room: 'MAIN', create: null } as const;
    const client = new RendezvousClient({ ...options, ...(reclaim ? { reclaim } : {}) }, outbox, this.nowMs);
    return { client, outbox };
  }

  /** The program crashes; what it knew is gone but for who it was. */
  crash(player: Player, downMs: number): void {
    this.hangUp(player, this.random.below(2) === 0, downMs);
    Object.assign(player, this.#program(player.name, player.client.reclaim));
    player.newest = { line: 0, self: 0, number: 0 };
  }

  /** A link breaks; its other end may not notice. */
  hangUp(player: Player, isNoticed: boolean, downMs: number): void {
    const { link } = player;
    player.link = 0;
    player.redialMs = this.nowMs + downMs;
    if (link === 0) return;
    player.client.linkChanged('down', this.nowMs);
    if (isNoticed) this.rendezvous?.linkChanged(link, 'down', this.nowMs);
  }

  leave(player: Player): void {
    player.client.leave();
    player.hasLeft = true;
    this.#perform(player);
    this.hangUp(player, false, Number.POSITIVE_INFINITY);
  }

  /** The rendezvous dies, and another one comes in its place later. */
  kill(downMs: number): void {
    this.rendezvous = null;
    this.restartMs = this.nowMs + downMs;
    for (const player of this.players) {
      if (player.link !== 0) this.hangUp(player, false, downMs + this.random.below(1500));
    }
  }

  get present(): Player[] {
    return this.players.filter(({ hasLeft }) => !hasLeft);
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += STEP_MS) this.#step();
  }

  #step(): void {
    if (this.nowMs >= this.#spiteMs) this.#spite();
    if (this.nowMs >= this.restartMs) {
      this.restartMs = Number.POSITIVE_INFINITY;
      this.rendezvous = this.#start(this.#recoverMs);
    }
    for (const player of this.present) if (player.link === 0 && this.nowMs >= player.redialMs) this.#dial(player);
    this.#deliver();
    for (const player of this.present) {
      if (player.isFrozen) continue;
      if (this.nowMs >= player.client.nextDueMs) player.client.advance(this.nowMs);
      this.#perform(player);
    }
    if (this.rendezvous && this.nowMs >= this.rendezvous.nextDueMs) this.rendezvous.advance(this.nowMs);
    this.#performRendezvous();
  }

  #dial(player: Player): void {
    if (!this.rendezvous || player.isCutOff || player.isFrozen) {
      player.redialMs = this.nowMs + 300;
      return;
    }
    player.link = ++this.#links;
    this.rendezvous.linkChanged(player.link, 'up', this.nowMs);
    player.client.linkChanged('up', this.nowMs);
  }

  #post(up: boolean, link: number, bytes: Uint8Array): void {
    const copies = this.random.below(100) < 2 ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.random.below(1000) < this.lossRatio * 1000) continue;
      const atMs = this.nowMs + 5 + this.random.below(this.jitterMs + 1);
      this.#parcels.push({ atMs, up, link, bytes: new Uint8Array(bytes) });
    }
  }

  #deliver(): void {
    const due = this.#parcels.filter(({ atMs }) => atMs <= this.nowMs);
    if (due.length === 0) return;
    this.#parcels = this.#parcels.filter(({ atMs }) => atMs > this.nowMs);
    due.sort((a, b) => a.atMs - b.atMs);
    for (const { up, link, bytes } of due) {
      const player = this.players.find((candidate) => candidate.link === link);
      if (up) {
        if (player?.isCutOff) continue;
        this.rendezvous?.receive(link, bytes, this.nowMs);
        this.#performRendezvous();
      } else if (player && !player.isCutOff && !player.isFrozen) {
        player.client.receive(bytes, this.nowMs);
        this.#perform(player);
      }
    }
  }

  #perform(player: Player): void {
    for (const request of player.outbox.drain()) {
      if (request.type === 'disconnect') this.hangUp(player, true, 100 + this.random.below(400));
      else if (request.type === 'send' && player.link !== 0) {
        this.#watch(player, request.bytes);
        this.#post(true, player.link, request.bytes);
      }
    }
    for (const event of player.outbox.takeEvents()) {
      if (event.type === 'epoch') this.#learned(player, event);
      if (event.type === 'refused') throw new Error(`refused: ${event.text}`);
    }
  }

  /** Notes the votes that are cast. */
  #watch(player: Player, bytes: Uint8Array): void {
    if (bytes[1] !== Kind.reliable) return;
    const outer = decodeMessage(bytes);
    if (outer.type !== 'reliable') return;
    const message = decodeRendezvous(outer.inner);
    if (message.type !== 'epochAck' || message.promised !== message.ballot) return;
    const key = `${message.line}/${message.number}/${message.ballot}`;
    const votes = this.#votes.get(key) ?? new Set();
    this.#votes.set(key, votes.add(player.client.self));
  }

  #learned(player: Player, { line, number }: { line: number; number: number }): void {
    const { client, newest, name } = player;
    if (line !== client.epoch?.line) return;
    const isSame = line === newest.line && client.self === newest.self;
    const before = isSame ? newest.number : 0;
    if (number <= before) throw new Error(`${name} went from epoch ${before} to ${number}`);
    player.newest = { line, self: client.self, number };
    for (let learned = number; learned > before; learned--) this.#note(client.epochAt(learned));
  }

  #note(epoch: Epoch | undefined): void {
    if (!epoch) return;
    const key = `${epoch.line}/${epoch.number}`;
    const text = JSON.stringify(
      epoch.seats.map(({ peer, slot, life, isAway, cell }) => [peer, slot, life, isAway, cell]),
    );
    const known = this.decided.get(key);
    if (known === text) return;
    if (known !== undefined) throw new Error(`two epochs ${key}: ${known} and ${text}`);
    this.decided.set(key, text);
    this.epochs.set(key, epoch);
    this.lines.add(epoch.line);
    const slots = new Set(epoch.seats.map(({ slot }) => slot));
    if (slots.size !== epoch.seats.length || Math.max(-1, ...slots) >= SEATS) throw new Error(`slots of ${text}`);
  }

  /** Every epoch but the first of a line had a majority of the one before. */
  checkMajorities(): void {
    for (const [key, epoch] of this.epochs) {
      if (epoch.number === 1) continue;
      const before = this.epochs.get(`${epoch.line}/${epoch.number - 1}`);
      if (!before) throw new Error(`nobody knows the epoch before ${key}`);
      const voters = votersOf(before);
      const ballots = [...this.#votes].filter(([ballot]) => ballot.startsWith(`${key}/`)).map(([, votes]) => votes);
      const most = Math.max(
        ...[new Set<number>(), ...ballots].map((votes) => {
          return voters.filter(({ peer }) => votes.has(peer) || this.#byes.has(peer)).length;
        }),
      );
      const own = voters.length % 2 === 0 ? 1 : 0;
      if (most + own < quorumOf(voters.length)) {
        throw new Error(`epoch ${key}: ${most} of ${voters.length} voted`);
      }
    }
  }

  #performRendezvous(): void {
    if (!this.rendezvous) return;
    for (const request of this.rendezvous.drain()) {
      if (request.type === 'send') this.#post(false, request.to, request.bytes);
      else if (request.type === 'disconnect') {
        this.rendezvous.linkChanged(request.to, 'down', this.nowMs);
        const player = this.players.find(({ link }) => link === request.to);
        if (player && !player.isCutOff) this.hangUp(player, false, 100 + this.random.below(400));
      }
    }
    for (const event of this.rendezvous.takeEvents()) {
      if (event.type === 'left' && event.reason === 'left') this.#byes.add(event.player);
      const isChance = this.isSpiteful && this.#spiteMs === Number.POSITIVE_INFINITY && this.random.below(4) === 0;
      if (event.type === 'epoch' && isChance) this.#spiteMs = this.nowMs + this.random.below(this.jitterMs + 10);
    }
  }

  #spite(): void {
    this.#spiteMs = Number.POSITIVE_INFINITY;
    if (!this.rendezvous) return;
    const newest = Math.max(0, ...this.present.map(({ client }) => client.epoch?.number ?? 0));
    for (const player of this.present) {
      const hasHeard = player.client.epoch?.number === newest;
      player.isCutOff = this.random.below(4) < (hasHeard ? 3 : 1);
    }
    this.kill(this.random.below(500));
  }

  /** Something happens. */
  fault(): void {
    const { random } = this;
    const player = this.present[random.below(Math.max(1, this.present.length))];
    switch (random.below(12)) {
      case 0:
        if (this.rendezvous) this.kill(random.below(3000));
        break;
      case 1:
      case 2:
        if (player) this.crash(player, random.below(6000));
        break;
      case 3:
      case 4:
        if (player) this.hangUp(player, random.below(2) === 0, random.below(6000));
        break;
      case 5:
        if (player) player.isFrozen = !player.isFrozen;
        break;
      case 6:
        for (const other of this.present) other.isCutOff = random.below(2) === 0;
        break;
      case 7:
        for (const other of this.present) other.isCutOff = false;
        break;
      case 8:
        if (player && this.present.length > 1) this.leave(player);
        break;
      case 9:
      case 10:
        if (this.present.length < MOST_PLAYERS) this.add();
        break;
      case 11:
        this.lossRatio = random.below(4) * 0.1;
        this.jitterMs = random.below(150);
        break;
    }
  }

  /** All faults end. */
  heal(): void {
    this.lossRatio = 0;
    this.jitterMs = 20;
    this.isSpiteful = false;
    this.#spiteMs = Number.POSITIVE_INFINITY;
    for (const player of this.present) {
      player.isFrozen = false;
      player.isCutOff = false;
      if (player.link === 0) player.redialMs = this.nowMs;
    }
    if (!this.rendezvous) this.restartMs = this.nowMs;
  }
}
