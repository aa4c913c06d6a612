/**
 * One match as the page plays it: a full client session behind a link that can be made worse, driven by the worker's
 * timer. When the link breaks it opens another and asks for its old seat, as long as the authority keeps it.
 */
import type { PlayerInput } from '../game/input.ts';
import { ClientDriver } from '../links/client-driver.ts';
import type { ClientEnd } from '../links/client-end.ts';
import { openColyseusEnd } from '../links/colyseus.ts';
import { type ConditionedEnd, conditionEnd } from '../links/conditioned.ts';
import { openDataChannelEnd } from '../links/data-channel.ts';
import type { Timer } from '../links/timer.ts';
import { ClientSession } from '../netcode/client-session.ts';
import { customProfile, type LinkProfile } from '../netcode/link/profiles.ts';
import type { RosterEntry, SessionEvent } from '../netcode/session.ts';
import type { Topology } from '../netcode/topologies/index.ts';
import type { View } from '../netcode/view.ts';
import { Measures } from './panel/measures.ts';

/** How a client reaches the authority of a topology. A further topology is a further line. */
const OPEN_END: Readonly<Record<string, (url: string) => ClientEnd>> = {
  server: (url) => openColyseusEnd({ url }),
  host: (url) => openDataChannelEnd({ url }),
};

/** Topologies that this page can join. */
export function canJoin(topologyId: string): boolean {
  return topologyId in OPEN_END;
}

/** As often as the world ticks: each tick gets its own input. */
const INPUT_RATE_HZ = 20;
/** The session is looked at this often even when it expects nothing: a message may have given it something to do. */
const HEARTBEAT_MS = 25;
const ROSTER_EVERY_MS = 1000;
/** The best so many: more than the scoreboard shows, for one's own rank and the names of others. */
const ROSTER_ENTRIES = 25;
/** An authority keeps a lost seat for some ten seconds: that long it is worth coming back. */
const REJOIN_FOR_MS = 9000;
const REJOIN_EVERY_MS = 900;

export interface MatchOptions {
  topology: Topology;
  url: string;
  name: string;
  timer: Timer;
  /** The player's intent; called right before an input is sampled. */
  sample: () => PlayerInput;
  /** The first snapshot is here, or the seat is ours again. */
  onPlaying: () => void;
  /** The link broke; another is being opened. */
  onRejoining: () => void;
  onRoster: (entries: readonly RosterEntry[], total: number) => void;
  onPurchased: (granted: boolean) => void;
  /** It is over, or never began: a sentence for people. */
  onEnd: (reason: string) => void;
}

export class Match {
  readonly topology: Topology;
  readonly session: ClientSession;
  readonly measures: Measures;
  readonly #options: MatchOptions;
  readonly #driver: ClientDriver;
  readonly #names = new Map<number, string>();
  #end: ConditionedEnd;
  #profile: LinkProfile = customProfile({});
  #cancelWake: () => void = () => {};
  #rosterDueMs = 0;
  #rosterPage = 0;
  #rosterTotal = 0;
  #lostMs = Number.NaN;
  #rejoinDueMs = Number.POSITIVE_INFINITY;
  #hasPlayed = false;
  #ended = false;

  constructor(options: MatchOptions) {
    const { topology, name, timer } = options;
    this.#options = options;
    this.topology = topology;
    this.#end = this.#open();
    this.session = new ClientSession(
      {
        name,
        transport: this.#end.transport,
        inputRateHz: INPUT_RATE_HZ,
        prediction: true,
      },
      timer.nowMs(),
    );
    this.measures = new Measures(this.session);
    this.#driver = new ClientDriver({
      session: this.session,
      end: this.#end,
      nowMs: timer.nowMs,
      decide: options.sample,
      onEvent: (event, nowMs) => this.#onEvent(event, nowMs),
      onClose: (reason) => this.#onClose(reason),
    });
    this.#beat();
  }

  get profile(): LinkProfile {
    return this.#profile;
  }

  /** Makes the link worse, or better, from now on. */
  setProfile(profile: LinkProfile): void {
    this.#profile = profile;
    this.#end.link.setProfile(profile);
  }

  /** What to draw now; null before the first snapshot. */
  drawn(nowMs: number): View | null {
    return this.session.drawn(nowMs);
  }

  /** A player's name, once a page of the roster has told it. */
  nameOf(player: number): string {
    return this.#names.get(player) ?? '';
  }

  /** Gives the seat up and closes; `onEnd` is not called. */
  leave(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelWake();
    this.session.leave();
    this.#driver.pump();
    this.#driver.close('left');
  }

  #open(): ConditionedEnd {
    const { topology, url, timer } = this.#options;
    const open = OPEN_END[topology.id];
    if (!open) throw new Error(`this page cannot join topology '${topology.id}'`);
    const seed = Math.floor(Math.random() * 0xffffffff);
    return conditionEnd({
      end: open(url),
      timer,
      profile: this.#profile,
      seed,
      participant: 0,
    });
  }

  /** Lets the session's time pass, and arranges to be called again. */
  #beat(): void {
    if (this.#ended) return;
    const { timer } = this.#options;
    const dueMs = this.#driver.pump();
    const nowMs = timer.nowMs();
    this.measures.sample(this.#end.inner.stats, nowMs);
    if (this.session.state === 'playing' && nowMs >= this.#rosterDueMs) {
      this.#rosterDueMs = nowMs + ROSTER_EVERY_MS;
      this.session.requestRoster(0, ROSTER_ENTRIES, nowMs);
      // Page by page, so that everybody in a match of people gets a name in the end.
      this.#rosterPage += ROSTER_ENTRIES;
      if (this.#rosterPage >= this.#rosterTotal) this.#rosterPage = 0;
      else this.session.requestRoster(this.#rosterPage, ROSTER_ENTRIES, nowMs);
    }
    if (nowMs >= this.#rejoinDueMs) this.#rejoin();
    this.#cancelWake = timer.callAt(Math.max(nowMs + 1, Math.min(dueMs, nowMs + HEARTBEAT_MS)), () => this.#beat());
  }

  #onEvent(event: SessionEvent, nowMs: number): void {
    this.measures.onEvent(event, nowMs);
    switch (event.type) {
      case 'snapshot':
        if (Number.isNaN(this.#lostMs) && this.#hasPlayed) return;
        this.#lostMs = Number.NaN;
        this.#hasPlayed = true;
        this.#options.onPlaying();
        return;
      case 'roster':
        for (const { player, name } of event.entries) this.#names.set(player, name);
        this.#rosterTotal = event.total;
        if (event.first === 0) this.#options.onRoster(event.entries, event.total);
        return;
      case 'purchased':
        this.#options.onPurchased(event.granted);
        return;
      case 'refused':
        this.#finish(event.text);
        return;
      case 'silent':
        this.#driver.close('nothing was heard for 3 s');
        return;
      default:
        return;
    }
  }

  #onClose(reason: string): void {
    if (this.#ended) return;
    const nowMs = this.#options.timer.nowMs();
    if (!this.#hasPlayed || this.session.state === 'refused') {
      this.#finish(this.session.refusal || reason);
      return;
    }
    if (Number.isNaN(this.#lostMs)) {
      this.#lostMs = nowMs;
      this.#options.onRejoining();
    }
    if (nowMs - this.#lostMs > REJOIN_FOR_MS) this.#finish(`the match did not come back: ${reason}`);
    else this.#rejoinDueMs = nowMs + REJOIN_EVERY_MS;
  }

  #rejoin(): void {
    this.#rejoinDueMs = Number.POSITIVE_INFINITY;
    this.#end = this.#open();
    this.#driver.attach(this.#end);
  }

  #finish(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelWake();
    this.#driver.close(reason);
    this.#options.onEnd(reason);
  }
}
