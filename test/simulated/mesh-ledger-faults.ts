/**
 * Plays a match of ledgers alone, on virtual time, in which by seed everything goes wrong: messages are lost, repeated,
 * late and out of order; peers crash, restart with and without memory, are cut off, dropped and seated again; epochs are
 * learnt late. Then all is healed, and what the ledgers hold is compared. In most matches one thing is spared: of the homes
 * of one coin no two lose their memory before a third has taken over, for three homes bear the loss of one. In every fifth
 * it is not, and coins may be lost, but neither doubled nor out of reach for ever.
 */
import { type Arena, createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { Epoch, type EpochSeat, NO_CELL } from '../../netcode/mesh/epoch.ts';
import type { CoinNews } from '../../netcode/mesh/ledger/coin-book.ts';
import { Ledger } from '../../netcode/mesh/ledger/ledger.ts';
import { decodeNews, encodeNews } from '../../netcode/mesh/ledger/news-codec.ts';
import { Kind } from '../../netcode/protocol.ts';
import { checkSettled, SPOTS, watchHoldings } from './mesh-ledger-checks.ts';

const STEP_MS = 20;
const FAULTS_MS = 24_000;
const SETTLE_MS = 25_000;
const HISTORY = 32;
const EPOCH_EVERY_MS = 250;
/** Longer than a seat is kept here for who is away. */
const LOST_AFTER_MS = 3000;
const PLAYERS = 12;

interface Program {
  peer: number;
  ledger: Ledger;
  /** Lives that it remembers. */
  firstLife: number;
  life: number;
  /** Newest epoch that it was told of. */
  known: number;
  isCut: boolean;
  nextKey: number;
  /** Purchases without an answer. */
  buying: Set<number>;
}

interface Letter {
  from: number;
  to: number;
  atMs: number;
  bytes: Uint8Array;
}

export interface Outcome {
  complaints: string[];
  log: string[];
  counts: Record<string, number>;
}

export class Match {
  readonly random: Random;
  readonly arena: Arena;
  nowMs = 0;
  readonly epochs: Epoch[] = [];
  /** Running programs, by peer. */
  readonly programs = new Map<number, Program>();
  letters: Letter[] = [];
  later: { atMs: number; act: () => unknown }[] = [];
  readonly complaints: string[] = [];
  readonly log: string[] = [];
  readonly counts: Record<string, number> = {
    taken: 0,
    refused: 0,
    dropped: 0,
    bought: 0,
    epochs: 0,
    crashes: 0,
    lost: 0,
  };
  /** Purchases whose program ended or lost its seat before it had an answer: nobody can say how much was spent. */
  orphans = 0;
  isFaulty = true;
  changes: ((seats: EpochSeat[]) => EpochSeat[])[] = [];
  nextEpochMs = 0;
  nextPeer = 1;
  readonly lossPercent: number;
  readonly hasSignatures: boolean;
  readonly hasVouching: boolean;
  readonly losesCoins: boolean;

  constructor(seed: number) {
    this.random = new Random(seed, 900);
    this.arena = createArena({ ...DEFAULT_MATCH, seed, players: PLAYERS });
    this.lossPercent = this.random.below(25);
    this.hasSignatures = this.random.below(4) === 0;
    this.hasVouching = this.random.below(4) === 0;
    this.losesCoins = seed % 5 === 4;
  }

  chance(percent: number): boolean {
    return this.random.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from[this.random.below(Math.max(1, from.length))];
  }

  note(text: string): void {
    this.log.push(`${this.nowMs} ${text}`);
  }

  get newest(): Epoch {
    return this.epochs.at(-1)!;
  }

  // Programs and the network between them.

  start(peer: number, life: number): Program {
    const ledger = new Ledger({
      arena: this.arena,
      spots: SPOTS,
      self: () => peer,
      send: (to, bytes) => this.post(peer, to, bytes),
      lostAfterMs: this.losesCoins ? LOST_AFTER_MS : Number.POSITIVE_INFINITY,
      ...(this.hasSignatures
        ? {
            sign: (bytes) => signature(peer, bytes),
            verify: (by, bytes, signed) => signature(by, bytes).every((byte, i) => byte === signed[i]),
          }
        : {}),
      ...(this.hasVouching ? { vouch: (_, decide) => this.vouch(peer, decide) } : {}),
    });
    const program = {
      peer,
      ledger,
      firstLife: life,
      life,
      known: 0,
      isCut: false,
      nextKey: 1,
      buying: new Set<number>(),
    };
    this.programs.set(peer, program);
    return program;
  }

  vouch(_peer: number, decide: (allowed: boolean, nowMs: number) => void): void {
    const allowed = this.chance(85);
    if (this.chance(50)) decide(allowed, this.nowMs);
    else this.later.push({ atMs: this.nowMs + this.random.below(500), act: () => decide(allowed, this.nowMs) });
  }

  post(from: number, to: number, bytes: Uint8Array): void {
    const copies = this.isFaulty && this.chance(12) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.isFaulty && this.chance(this.lossPercent)) continue;
      const lateMs = this.isFaulty && this.chance(4) ? this.random.below(6000) : 0;
      this.letters.push({ from, to, bytes: bytes.slice(), atMs: this.nowMs + 5 + this.random.below(90) + lateMs });
    }
  }

  deliver(): void {
    const due = this.letters.filter(({ atMs }) => atMs <= this.nowMs).sort((a, b) => a.atMs - b.atMs);
    this.letters = this.letters.filter(({ atMs }) => atMs > this.nowMs);
    for (const { from, to, bytes } of due) {
      const receiver = this.programs.get(to);
      if (!receiver || receiver.isCut || this.programs.get(from)?.isCut) continue;
      if (bytes[1] === Kind.meshNews) this.tell(receiver, decodeNews(bytes, this.arena));
      else receiver.ledger.receive(from, bytes, this.nowMs);
      this.hear(receiver);
    }
  }

  tell(receiver: Program, news: readonly CoinNews[]): void {
    receiver.ledger.book.apply(news);
  }

  /** What a ledger says has happened; neighbours hear its news. */
  hear(program: Program): void {
    for (const event of program.ledger.takeEvents()) {
      if (event.type === 'taken') this.counts[event.granted ? 'taken' : 'refused']!++;
      else if (event.type === 'dropped') this.counts['dropped']!++;
      else if (event.type === 'bought') {
        if (!program.buying.delete(event.key)) this.complaints.push(`purchase ${event.key} answered twice`);
        if (event.granted) this.counts['bought']!++;
      } else {
        const bytes = encodeNews(event.news);
        for (const other of this.programs.values()) {
          if (other !== program && this.chance(50)) this.post(program.peer, other.peer, bytes);
        }
      }
    }
  }

  // Epochs.

  /** What is to change in the next epoch. Changes are gathered, as the rendezvous does. */
  change(change: (seats: EpochSeat[]) => EpochSeat[]): void {
    this.changes.push(change);
  }

  /** Those of the seats whose programs run, and are not cut off. */
  reached(seats: readonly EpochSeat[]): EpochSeat[] {
    return seats.filter(({ peer, life }) => {
      const program = this.programs.get(peer);
      return program !== undefined && !program.isCut && program.life === life;
    });
  }

  /** Makes the next epoch when one is due and more than half of those present can agree to it. */
  agree(): void {
    if (this.changes.length === 0 || this.nowMs < this.nextEpochMs) return;
    const present = this.epochs.at(-1)?.seats.filter(({ isAway }) => !isAway) ?? [];
    const reached = this.reached(present);
    if (present.length > 0 && reached.length * 2 <= present.length) return;
    this.nextEpochMs = this.nowMs + EPOCH_EVERY_MS;
    let seats: EpochSeat[] = [...(this.epochs.at(-1)?.seats ?? [])];
    for (const change of this.changes.splice(0)) seats = change(seats);
    const epoch = new Epoch(9, this.epochs.length + 1, seats);
    this.epochs.push(epoch);
    this.counts['epochs']!++;
    const names = epoch.seats.map(({ peer, life, isAway }) => `${peer}${life ? `.${life}` : ''}${isAway ? '-' : ''}`);
    this.note(`epoch ${epoch.number}: ${names.join(' ')}`);
    for (const program of this.programs.values()) this.teach(program, epoch.number);
  }

  teach(program: Program, number: number): void {
    const slow = this.isFaulty && this.chance(15) ? this.random.below(3000) : 0;
    this.later.push({
      atMs: this.nowMs + this.random.below(120) + slow,
      act: () => {
        if (this.programs.get(program.peer) !== program || program.isCut || program.known >= number) return;
        const wasSeated = this.keptSeat(program);
        program.known = number;
        const epochOf = (n: number) =>
          n <= program.known && n > program.known - HISTORY ? this.epochs[n - 1] : undefined;
        const epoch = this.epochs[number - 1]!;
        const seat = epoch.seatOf(program.peer);
        const isOwn = seat && seat.life >= program.firstLife && seat.life <= program.life;
        program.ledger.epochChanged(epochOf, epoch, isOwn ? seat : undefined, this.nowMs);
        if (!wasSeated) this.orphan(program);
        this.hear(program);
      },
    });
  }

  /** Its purchases under way may end anyhow. */
  orphan(program: Program): void {
    this.orphans += program.buying.size;
  }

  /** Whether a program has had its seat in every epoch since the one that it knows. */
  keptSeat({ peer, life, known }: Program): boolean {
    return this.epochs.slice(Math.max(0, known - 1)).every((epoch) => epoch.seatOf(peer)?.life === life);
  }

  // What goes wrong.

  join(): void {
    if (this.newest.seats.length >= PLAYERS) return;
    const peer = this.nextPeer++;
    this.start(peer, 0);
    const cell = this.chance(50) ? NO_CELL : this.random.below(3) * 256 + this.random.below(3);
    this.change((seats) => [...seats, { peer, slot: freeSlot(seats), life: 0, isAway: false, cell }]);
  }

  /** Whether every coin bears the loss of one more memory. */
  isSafe(): boolean {
    const { seats } = this.newest;
    // More than half must stay, or there is no next epoch.
    if (this.losesCoins) return this.chance(25) && (this.reached(seats).length - 1) * 3 > seats.length * 2;
    if (this.newest.seats.filter(({ isAway }) => !isAway).length < 3) return false;
    for (let spot = 0; spot < SPOTS; spot++) {
      const homes = this.newest.homesOf(spot);
      if (!homes.every(({ peer, life }) => this.programs.get(peer)?.life === life)) return false;
      if (!homes.every(({ peer }) => this.programs.get(peer)!.known === this.newest.number)) return false;
      if (!this.programs.get(homes[0]!.peer)!.ledger.settledRecord(spot)) return false;
    }
    return true;
  }

  /** A program ends; it comes back without memory, or never. */
  crash(): void {
    if (!this.isSafe()) return;
    const program = this.pick(
      [...this.programs.values()].filter(({ isCut, peer }) => !isCut && this.newest.seatOf(peer)),
    );
    if (!program) return;
    const { peer, life } = program;
    this.orphan(program);
    this.programs.delete(peer);
    const fate = this.random.below(4);
    this.note(`crash ${peer} ${fate}`);
    this.counts['crashes']!++;
    const seat = this.newest.seatOf(peer)!;
    const isGoneSoon = fate === 0;
    if (isGoneSoon) {
      this.in(60, () => this.bury(peer));
      return;
    }
    if (this.chance(60)) this.in(this.random.below(1000), () => this.setAway(peer, life));
    if (fate === 1) this.in(1000 + this.random.below(3000), () => this.bury(peer));
    // What another program does with the number is another life.
    else this.in(this.random.below(4000), () => this.restart(peer, seat));
  }

  restart(peer: number, seat: EpochSeat): void {
    const life = (this.newest.seatOf(peer)?.life ?? seat.life) + 1;
    this.note(`restart ${peer}.${life}`);
    const program = this.start(peer, life);
    // It may hear of epochs in which its number is still that of the program before.
    this.teach(program, this.newest.number);
    this.in(this.random.below(300), () => this.seatAgain(peer, life));
  }

  seatAgain(peer: number, life: number): void {
    this.change((seats) => {
      if (this.programs.get(peer)?.life !== life) return seats;
      const old = seats.find((seat) => seat.peer === peer);
      const others = seats.filter((seat) => seat !== old);
      return [...others, { peer, slot: old?.slot ?? freeSlot(seats), life, isAway: false, cell: old?.cell ?? NO_CELL }];
    });
  }

  setAway(peer: number, life: number): void {
    this.change((seats) =>
      seats.map((seat) => (seat.peer === peer && seat.life === life ? { ...seat, isAway: true } : seat)),
    );
  }

  drop(peer: number, life: number): void {
    this.change((seats) => seats.filter((seat) => seat.peer !== peer || seat.life !== life));
  }

  /** Drops the seat of whoever runs no more. */
  bury(peer: number): void {
    this.change((seats) => seats.filter((seat) => seat.peer !== peer || this.programs.has(peer)));
  }

  /** Some are cut off for a while, and remember. Those who stay away too long lose their seat. */
  cut(): void {
    const running = [...this.programs.values()].filter(({ isCut, peer, life, known }) => {
      return !isCut && this.epochs[known - 1]?.seatOf(peer)?.life === life;
    });
    const count = Math.min(1 + this.random.below(3), running.length - 1);
    for (let i = 0; i < count; i++) {
      const program = running.splice(this.random.below(running.length), 1)[0]!;
      const { peer, life } = program;
      program.isCut = true;
      const forMs = 100 + this.random.below(6000);
      const isDropped = forMs > 2500 && this.chance(60);
      this.note(`cut ${peer} for ${forMs} ms${isDropped ? ', dropped' : ''}`);
      const cut = () => program.isCut && this.programs.get(peer) === program;
      if (forMs > 600 && this.chance(80)) this.in(500, () => cut() && this.setAway(peer, life));
      if (isDropped) this.in(2000, () => cut() && this.drop(peer, life));
      this.in(forMs, () => this.comeBack(program));
    }
  }

  comeBack(program: Program): void {
    const { peer } = program;
    program.isCut = false;
    this.note(`back ${peer}`);
    this.teach(program, this.newest.number);
    // By the time that the next epoch is made, its seat may be away, or gone: then it gets another life.
    this.change((seats) => {
      if (this.programs.get(peer) !== program) return seats;
      const seat = seats.find((other) => other.peer === peer);
      if (seat) return seats.map((other) => (other === seat ? { ...seat, isAway: false } : other));
      if (this.chance(50)) program.life++;
      return [...seats, { peer, slot: freeSlot(seats), life: program.life, isAway: false, cell: NO_CELL }];
    });
  }

  in(ms: number, act: () => unknown): void {
    this.later.push({ atMs: this.nowMs + ms, act });
  }

  // What players do.

  play(program: Program): void {
    const { ledger } = program;
    const lot = this.random.below(100);
    if (lot < 60) {
      const coins = [...ledger.book.lying];
      // Few are wanted by many.
      const coin = this.chance(60) ? coins[this.random.below(2)] : this.pick(coins);
      if (coin) ledger.take(coin.token, this.nowMs);
    } else if (lot < 68) {
      ledger.dropHalf(this.random.below(this.arena.size), this.random.below(this.arena.size), this.nowMs);
    } else if (lot < 84 && program.buying.size < 2 && ledger.held >= 5) {
      const key = program.nextKey++;
      program.buying.add(key);
      ledger.buy(key, this.nowMs);
    }
    this.hear(program);
  }

  advance(): void {
    this.nowMs += STEP_MS;
    const due = this.later.filter(({ atMs }) => atMs <= this.nowMs).sort((a, b) => a.atMs - b.atMs);
    this.later = this.later.filter(({ atMs }) => atMs > this.nowMs);
    for (const { act } of due) act();
    this.agree();
    this.deliver();
    for (const program of this.programs.values()) {
      if (program.ledger.nextDueMs <= this.nowMs) program.ledger.advance(this.nowMs);
      this.hear(program);
    }
    watchHoldings(this);
  }

  complain(text: string): void {
    if (this.complaints.length < 10) this.complaints.push(`${this.nowMs} ms: ${text}`);
  }

  run(): void {
    const founders = 1 + this.random.below(5);
    for (let slot = 0; slot < founders; slot++) {
      const peer = this.nextPeer++;
      this.start(peer, 0);
      this.change((seats) => [...seats, { peer, slot, life: 0, isAway: false, cell: NO_CELL }]);
    }
    this.agree();
    while (this.nowMs < FAULTS_MS) {
      const lot = this.random.below(1000);
      if (lot < 14) this.join();
      else if (lot < 60) this.crash();
      else if (lot < 69) this.cut();
      for (const program of this.programs.values()) if (!program.isCut && this.chance(8)) this.play(program);
      this.advance();
    }
    this.heal();
    const untilMs = this.nowMs + SETTLE_MS;
    while (this.nowMs < untilMs) this.advance();
    checkSettled(this);
  }

  /** From now on nothing goes wrong any more, beyond what is under way. */
  heal(): void {
    this.note('healed');
    this.isFaulty = false;
    this.in(7000, () => {
      for (const program of this.programs.values()) this.teach(program, this.newest.number);
    });
  }
}

function freeSlot(seats: readonly EpochSeat[]): number {
  for (let slot = 0; ; slot++) if (!seats.some((seat) => seat.slot === slot)) return slot;
}

/** What stands for Ed25519 here. */
function signature(peer: number, bytes: Uint8Array): Uint8Array {
  let hash = peer;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return new Uint8Array(64).fill(hash & 0xff).fill((hash >>> 8) & 0xff, 32);
}

/** Plays one seed; the complaints are what must not be. */
export function playLedgerFaults(seed: number): Outcome {
  const match = new Match(seed);
  match.run();
  const { complaints, log, counts } = match;
  return { complaints, log, counts: { ...counts, orphans: match.orphans } };
}
