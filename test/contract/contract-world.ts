/**
 * What the contract suite needs to know of a kind of match, live or on virtual time, decided by an authority or by
 * nobody. It drives a match from outside: whoever implements this adds no rule of his own.
 */
import type { Scenario } from '../../game/arena.ts';
import type { PlayerInput } from '../../game/input.ts';
import type { View } from '../../netcode/view.ts';

export interface ContractWorld {
  /** For titles: `lockstep, live`. */
  id: string;
  start(options: ContractOptions): Promise<ContractMatch>;
}

export interface ContractOptions {
  /** Seats; 8 when not given. */
  players?: number;
  scenario?: Scenario;
  /** The silent are soon taken for gone, and seats of those who are gone are soon given up. */
  impatient?: boolean;
}

export interface ContractMatch {
  /** Somebody who asks to join, by the token of a former life if it has one. Does not wait. */
  enter(name: string, token?: Uint8Array): ContractPlayer;
  /** Lets time pass until something holds, and returns that; rejects with `what` when it does not come to hold. */
  until<T>(what: string, holds: () => T | Promise<T>): Promise<NonNullable<T>>;
  /** Seats that are taken, those of players included who are away and may return. */
  seated(): Promise<number>;
  /** Players who have a seat and are there. */
  present(): Promise<number>;
  /** Coins lost or doubled. */
  coinsError(): Promise<number>;
  /** The ways in which somebody can speak to this match; the first is the one by which players come in. */
  readonly ways: readonly Way[];
  /** Ends it; asserts that everything that was started has ended well. */
  stop(): Promise<void>;
}

export interface ContractPlayer {
  /** −1 while it has none. */
  readonly slot: number;
  /** Null before it has seen anything. */
  readonly view: View | null;
  /** Worlds that it has seen. */
  readonly snapshots: number;
  /** Why it was not let in; empty while it was not refused. */
  readonly refusal: string;
  /** Proves who it is when it returns. */
  readonly token: Uint8Array;
  /** It was given a seat that it had before. */
  readonly resumed: boolean;
  /** Plays by this from now on. */
  decide: (view: View) => PlayerInput;
  /** Who plays, as its scoreboard says. */
  names(): Promise<string[]>;
  /** Its network goes, without a word. */
  cut(): void;
  /** Its network is back, and it is what it was. */
  comeBack(): void;
  /** Its program stops where it is: its links stay open, and nothing more comes from it. */
  freeze(): void;
  /** Says goodbye. */
  leave(): void;
}

/** One way in which somebody can speak to a match. */
export interface Way {
  /** `the link to the rendezvous` */
  name: string;
  open(): Promise<Stranger>;
  /** Messages that those at the other end took for malformed. */
  malformed(): Promise<number>;
}

/** Somebody who follows no protocol. */
export interface Stranger {
  readonly isOpen: boolean;
  /** What was said to it. */
  readonly heard: readonly Uint8Array[];
  send(bytes: Uint8Array): void;
  close(): void;
}
