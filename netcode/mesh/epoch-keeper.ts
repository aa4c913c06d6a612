/**
 * Who takes part in the match of a room, agreed epoch by epoch: the rendezvous' side. It alone proposes; each next epoch is
 * single-decree Paxos (Lamport 2001, "Paxos Made Simple"), an instance per epoch, decided by more than half of those who
 * are present in the epoch before. So a rendezvous may be killed and started anew without any memory at any time:
 *
 * Let epoch n be decided, with m present seats; the acceptors of n + 1 are their peers, each in the life that its seat
 * has, and where m is even also the rendezvous that itself proposed n freely (or founded the line). A quorum is
 * ⌊m/2⌋ + 1 of them, so any two share an acceptor. Ballots are unique, for each carries a random number of its
 * rendezvous. An acceptor promises a ballot for all instances at once (`recall`, answered by `known`), and from then on
 * accepts nothing below it.
 *
 * A rendezvous proposes for n + 1 only after a quorum of n has promised its ballot: then it proposes the accepted change
 * with the highest ballot among the reports, or what it likes when there is none. That is Paxos, so no two epochs n + 1 of
 * one line are ever decided. If it proposed freely, no other had decided n + 1 and nobody can have proposed for n + 2 under
 * a lower ballot: the first phase is over for good. If it repeated somebody's proposal, it goes on to read the reports for
 * n + 2, and so on. It is no acceptor of epochs that it did not propose freely, for there another one may have been.
 *
 * Who said bye will never report again; so its vote counts for every later proposal of the rendezvous that heard it, but
 * not for reading: a quorum that reads never has it, and shares somebody else with the quorum that decided. A program that
 * lost its memory gets another life, and is an acceptor only from the epoch on that lists it.
 *
 * When no majority can come together any more, a new line is founded, and all that was is void.
 */
import type { PeerId } from '../session.ts';
import { Attendance, type AttendanceTimes, type Attendee, type Whereabouts } from './attendance.ts';
import type { EpochSeat } from './epoch.ts';
import { EpochChain, type EpochChange, type ToldEpochs } from './epoch-chain.ts';
import { EpochRecovery, quorumOf, votersOf } from './epoch-recovery.ts';
import { type AcceptedChange, type Ballot, type Memory, nextBallot, type RoomMessage } from './room-messages.ts';

export interface KeeperTimes extends AttendanceTimes {
  /** Epochs follow each other at this distance at least. */
  epochEveryMs: number;
  /** A rendezvous that was started anew waits so long for somebody who knows the match, before it founds another. */
  recoverMs: number;
  /** A match of which no majority came together for this long is given up. */
  abandonMs: number;
}

export const KEEPER_TIMES: KeeperTimes = {
  epochEveryMs: 250,
  awayAfterMs: 1200,
  seatHoldMs: 10_000,
  recoverMs: 6000,
  abandonMs: 60_000,
};

/** What a keeper needs of the room around it. */
export interface KeeperRoom extends Whereabouts {
  /** Reliably, to somebody who is present. */
  send(peer: PeerId, message: RoomMessage, nowMs: number): void;
  /** A match was recovered: these numbers are taken, and so are all up to `lastPeer`. */
  reserve(peers: readonly PeerId[], lastPeer: PeerId): void;
  decided(line: number, number: number): void;
  /** A seat was given up for good: who had it may come back as somebody else. */
  dropped(peer: PeerId, nowMs: number): void;
  /** Somebody came with a number of another match: it has to enter again, and its number is free. */
  expel(peer: PeerId, nowMs: number): void;
  /** 32 random bits. */
  random(): number;
}

interface Proposal extends AcceptedChange {
  /** Proposed freely, and not for another rendezvous. */
  readonly isOwn: boolean;
  readonly acks: Set<PeerId>;
}

type Of<T extends RoomMessage['type']> = Extract<RoomMessage, { type: T }>;

export class EpochKeeper {
  readonly counters = { proposals: 0, decided: 0, founded: 0, recovered: 0 };
  readonly #seats: number;
  readonly #times: KeeperTimes;
  readonly #room: KeeperRoom;
  readonly #attendance: Attendance;
  #chain: EpochChain | null = null;
  /** Null when the first phase is over. */
  #recovery: EpochRecovery | null = new EpochRecovery(null);
  #isSettled = false;
  /** This rendezvous made the newest epoch, and so votes on the next. */
  #isOwn = false;
  #proposal: Proposal | null = null;
  readonly #by: number;
  #ballot: Ballot;
  /** When the room's time was zero. */
  #zeroMs = Number.NaN;
  /** Highest life that was given, by peer. */
  readonly #lives = new Map<PeerId, number>();
  readonly #startMs: number;
  #nextDueMs: number;
  /** Since when something cannot be decided. */
  #stuckSinceMs: number | null = null;

  constructor(seats: number, times: KeeperTimes, room: KeeperRoom, nowMs: number) {
    this.#seats = seats;
    this.#times = times;
    this.#room = room;
    this.#attendance = new Attendance(times, room);
    this.#startMs = nowMs;
    this.#nextDueMs = nowMs;
    this.#by = room.random();
    this.#ballot = nextBallot(0, this.#by);
  }

  get #attendees(): ReadonlyMap<PeerId, Attendee> {
    return this.#attendance.here;
  }

  get newest() {
    return this.#chain?.newest ?? null;
  }

  /** Newcomers may be numbered: it is known which numbers are taken. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** NaN while there is no match, or nobody knows how old it is. */
  roomMs(nowMs: number): number {
    return nowMs - this.#zeroMs;
  }

  /** Whether somebody may be given a number already; newcomers wait until it is known which are taken. */
  mayEnter(memory: Memory | undefined, nowMs: number): boolean {
    if (this.#isSettled || memory) return true;
    const isKnown = this.#attendees.size > 0 || (this.#chain !== null && !this.#isOrphaned(nowMs));
    if (isKnown || nowMs < this.#startMs + this.#times.recoverMs) return false;
    // From here on there is another match, whatever anybody remembers.
    this.#isSettled = true;
    this.#recovery = null;
    this.#proposal = null;
    this.#chain = null;
    this.#nextDueMs = nowMs + this.#times.epochEveryMs;
    return true;
  }

  /** Whether what somebody remembers may be of the match that this room holds. */
  fits({ line }: Memory): boolean {
    return this.#chain ? line === this.#chain.line : !this.#isSettled;
  }

  /** Whether there is no seat for one more newcomer. */
  get isFull(): boolean {
    const { newest } = this;
    let taken = 0;
    for (const { peer } of newest?.seats ?? []) if (!this.#attendance.saidBye(peer)) taken++;
    for (const peer of this.#attendees.keys()) if (!newest?.seatOf(peer)) taken++;
    return taken >= this.#seats;
  }

  /** Somebody is present; again, over another link, or for the first time. */
  enter(peer: PeerId, name: string, memory: Memory | undefined, nowMs: number): void {
    const attendee = { peer, name, memory: memory ?? null, life: memory?.life ?? 0, isTold: false };
    this.#attendance.arrive(attendee);
    if (this.#isSettled) this.#welcome(attendee, nowMs);
    else if (memory) this.#recall(attendee, memory.line, false, nowMs);
  }

  /** Somebody is no longer present; `forGood` when it said so. */
  depart(peer: PeerId, forGood: boolean, nowMs: number): void {
    if (!this.#attendance.here.delete(peer)) return;
    const isSeated = this.newest?.seatOf(peer) || this.#proposal?.change.joined.some((seat) => seat.peer === peer);
    if (!isSeated) {
      this.#lives.delete(peer);
      return;
    }
    this.#attendance.miss(peer, forGood, nowMs);
    if (forGood) this.#tally(nowMs);
  }

  receive(peer: PeerId, message: RoomMessage, nowMs: number): void {
    const attendee = this.#attendees.get(peer);
    if (!attendee) return;
    if (message.type === 'epochAck') this.#acked(attendee, message, nowMs);
    else if (message.type === 'known') this.#heard(attendee, message, nowMs);
  }

  /** Tells somebody all that was decided, and asks for its vote where it has one. */
  #welcome(attendee: Attendee, nowMs: number): void {
    const { peer, memory } = attendee;
    const chain = this.#chain;
    if (!chain) return;
    const { line, newest } = chain;
    // It knows more than was found out so far.
    if (this.#recovery && memory?.line === line && memory.number > newest.number) return;
    const lastLife = Math.max(this.#lives.get(peer) ?? -1, newest.seatOf(peer)?.life ?? -1);
    const remembers = memory?.line === line && memory.number <= newest.number && memory.life >= lastLife;
    attendee.life = remembers ? memory.life : lastLife + 1;
    this.#tell(attendee, (remembers ? chain.since(memory.number) : null) ?? chain.whole(), nowMs);
    if (remembers && this.#recovery?.has(peer) === false) this.#recall(attendee, line, false, nowMs);
    this.#askVote(attendee, nowMs);
  }

  #tell(attendee: Attendee, epochs: ToldEpochs, nowMs: number): void {
    const { peer, life } = attendee;
    const { line, newest } = this.#chain!;
    attendee.isTold = true;
    attendee.memory = { line, number: newest.number, life };
    this.#lives.set(peer, life);
    const roomMs = Number.isNaN(this.#zeroMs) ? null : this.roomMs(nowMs);
    const known = { type: 'known', line, life, roomMs, ballot: this.#ballot, number: newest.number } as const;
    this.#room.send(peer, { ...known, accepted: null, epochs }, nowMs);
  }

  #recall({ peer }: Attendee, line: number, wantsEpochs: boolean, nowMs: number): void {
    this.#room.send(peer, { type: 'recall', line, ballot: this.#ballot, wantsEpochs }, nowMs);
  }

  #askVote({ peer, life, isTold }: Attendee, nowMs: number): void {
    if (!this.#proposal || !isTold) return;
    const seat = this.newest!.seatOf(peer);
    if (!seat || seat.isAway || seat.life !== life) return;
    const { number, ballot, change } = this.#proposal;
    this.#room.send(peer, { type: 'epoch', line: this.#chain!.line, number, ballot, change }, nowMs);
  }

  #heard(attendee: Attendee, known: Of<'known'>, nowMs: number): void {
    if (known.ballot > this.#ballot) {
      this.#outbid(known.ballot, nowMs);
      return;
    }
    if (!this.#recovery || known.ballot < this.#ballot) return;
    if (this.#chain && known.line !== this.#chain.line) return;
    this.#recovery.hear(attendee.peer, known, nowMs);
    attendee.memory = { line: known.line, number: known.number, life: known.life };
    if (this.#chain && !attendee.isTold) this.#welcome(attendee, nowMs);
    this.#recover(nowMs);
  }

  /** Somebody promised more to another rendezvous before: a higher ballot, and the first phase once more. */
  #outbid(promised: Ballot, nowMs: number): void {
    this.#ballot = nextBallot(Math.max(this.#ballot, promised), this.#by);
    this.#recovery = new EpochRecovery(this.#chain, this.#proposal);
    this.#proposal = null;
    this.#stuckSinceMs ??= nowMs;
    for (const attendee of this.#attendees.values()) {
      if (attendee.memory) this.#recall(attendee, attendee.memory.line, false, nowMs);
    }
  }

  /** Goes on with the first phase as far as the reports allow. */
  #recover(nowMs: number): void {
    const recovery = this.#recovery;
    if (!recovery) return;
    // Somebody knows how it was decided: as it was proposed.
    if (this.#proposal && recovery.newestOf(this.#chain!.line) >= this.#proposal.number) this.#proposal = null;
    if (this.#proposal) return;
    const asked = recovery.toAsk((peer) => this.#attendees.has(peer), nowMs);
    if (asked) this.#recall(this.#attendees.get(asked.peer)!, asked.line, true, nowMs);
    const reading = this.#chain ? recovery.read(this.#chain.line, this.#isOwn) : recovery.choose();
    if (!reading) return;
    this.#adopt(reading.chain, recovery, nowMs);
    if (reading.accepted) {
      this.#propose(reading.accepted.change, false, nowMs);
      return;
    }
    this.#recovery = null;
    this.#stuckSinceMs = null;
    this.#settle(nowMs);
  }

  #adopt(chain: EpochChain, recovery: EpochRecovery, nowMs: number): void {
    if (chain === this.#chain) return;
    if (!this.#chain) this.#zeroMs = recovery.zeroMs(chain.line);
    this.#chain = chain;
    this.#isOwn = false;
    const strangers = [...this.#attendees.values()].filter(({ memory }) => memory?.line !== chain.line);
    for (const { peer } of strangers) {
      // Whoever has the seat of that number did not go.
      this.#attendance.here.delete(peer);
      this.#room.expel(peer, nowMs);
    }
    this.#attendance.missAbsent(chain.newest.seats, nowMs);
    for (const attendee of [...this.#attendees.values()]) this.#welcome(attendee, nowMs);
  }

  #settle(nowMs: number): void {
    for (const attendee of this.#attendees.values()) if (!attendee.isTold) this.#welcome(attendee, nowMs);
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.counters.recovered++;
    const chain = this.#chain!;
    if (Number.isNaN(this.#zeroMs)) this.#zeroMs = nowMs;
    this.#room.reserve(
      chain.newest.seats.map(({ peer }) => peer),
      chain.lastPeer,
    );
  }

  #propose(change: EpochChange, isOwn: boolean, nowMs: number): void {
    const number = this.newest!.number + 1;
    this.#proposal = { number, ballot: this.#ballot, change, isOwn, acks: new Set() };
    this.counters.proposals++;
    this.#stuckSinceMs ??= nowMs;
    this.#nextDueMs = nowMs + this.#times.epochEveryMs;
    for (const attendee of this.#attendees.values()) this.#askVote(attendee, nowMs);
    this.#tally(nowMs);
  }

  #acked({ peer, life }: Attendee, ack: Of<'epochAck'>, nowMs: number): void {
    if (ack.line !== this.#chain?.line) return;
    if (ack.promised > this.#ballot) {
      this.#outbid(ack.promised, nowMs);
      return;
    }
    const proposal = this.#proposal;
    if (ack.number !== proposal?.number || ack.ballot !== proposal.ballot) return;
    if (this.newest!.seatOf(peer)?.life !== life) return;
    proposal.acks.add(peer);
    this.#tally(nowMs);
  }

  /** Votes that the rendezvous has of its own. */
  #ownVotes(voters: readonly EpochSeat[]): number {
    return this.#isOwn && voters.length % 2 === 0 ? 1 : 0;
  }

  #tally(nowMs: number): void {
    const proposal = this.#proposal;
    if (!proposal) return;
    const voters = votersOf(this.newest!);
    const votes = voters.filter(({ peer }) => proposal.acks.has(peer) || this.#attendance.saidBye(peer)).length;
    if (votes + this.#ownVotes(voters) >= quorumOf(voters.length)) this.#decide(proposal, nowMs);
  }

  #decide({ number, change, isOwn }: Proposal, nowMs: number): void {
    const chain = this.#chain!;
    this.#proposal = null;
    // What was accepted was once proposed, and fitted then.
    if (!chain.push(change)) throw new Error(`epoch ${number} does not follow ${chain.newest.number}`);
    this.#isOwn = isOwn;
    this.#stuckSinceMs = null;
    this.counters.decided++;
    for (const { peer, isTold } of this.#attendees.values()) {
      if (isTold) this.#room.send(peer, { type: 'epochCommit', line: chain.line, number, change }, nowMs);
    }
    this.#attendance.missAbsent(change.joined, nowMs);
    this.#room.decided(chain.line, number);
    for (const peer of change.gone) {
      this.#attendance.forget(peer);
      this.#lives.delete(peer);
      this.#room.dropped(peer, nowMs);
    }
    this.#recover(nowMs);
  }

  /** Lets time pass. */
  advance(nowMs: number): void {
    this.#recover(nowMs);
    if (this.#recovery || this.#proposal) this.#stuckSinceMs ??= nowMs;
    if (this.#isOver(nowMs)) this.#found(nowMs);
    if (!this.#chain || this.#recovery || this.#proposal || nowMs < this.#nextDueMs) return;
    if (this.#attendees.size === 0) return;
    const change = this.#attendance.changeOf(this.newest!, this.#seats, nowMs);
    if (!change) this.#stuckSinceMs = null;
    else if (this.#canDecide(nowMs)) this.#propose(change, true, nowMs);
    else this.#stuckSinceMs ??= nowMs;
  }

  /** Whether a new line has to begin: there is none yet, or no majority of the old one will come together. */
  #isOver(nowMs: number): boolean {
    if (this.#attendees.size === 0) {
      this.#stuckSinceMs = null;
      return false;
    }
    if (this.#stuckSinceMs !== null && nowMs - this.#stuckSinceMs >= this.#times.abandonMs) return true;
    if (!this.#chain) return this.#isSettled && nowMs >= this.#nextDueMs;
    return this.#isOrphaned(nowMs);
  }

  /** Whether nobody is left who may vote on the next epoch. */
  #isOrphaned(nowMs: number): boolean {
    return !votersOf(this.newest!).some((seat) => this.#attendance.maySit(seat, nowMs));
  }

  /** Whether enough voters are within reach, so that a proposal does not wait for somebody to come back. */
  #canDecide(nowMs: number): boolean {
    const voters = votersOf(this.newest!);
    const attendance = this.#attendance;
    const votes = voters.filter((seat) => {
      return attendance.saidBye(seat.peer) || (attendance.sits(seat) && !attendance.isSilent(seat.peer, nowMs));
    });
    return votes.length + this.#ownVotes(voters) >= quorumOf(voters.length);
  }

  /** Another match begins, with those who are here. */
  #found(nowMs: number): void {
    const seats = this.#attendance.firstSeats(this.#seats, nowMs);
    if (seats.length === 0) return;
    const line = this.#room.random() || 1;
    this.#chain = new EpochChain(line, { number: 1, lastPeer: this.#room.lastPeer(), seats });
    this.#recovery = null;
    this.#proposal = null;
    this.#isSettled = true;
    this.#isOwn = true;
    this.#zeroMs = nowMs;
    this.#nextDueMs = nowMs + this.#times.epochEveryMs;
    this.#stuckSinceMs = null;
    this.#lives.clear();
    this.#attendance.forgetAll();
    this.counters.founded++;
    for (const attendee of this.#attendees.values()) {
      attendee.life = 0;
      this.#tell(attendee, this.#chain.whole(), nowMs);
    }
    this.#room.decided(line, 1);
  }

  get status() {
    const seats = this.newest?.seats ?? [];
    const away = seats.filter(({ isAway }) => isAway).length;
    return { line: this.#chain?.line ?? 0, epoch: this.newest?.number ?? 0, seats: seats.length, away };
  }
}
