/**
 * Takes part as a client of an authority: a full client session behind a link that can be made worse. When the link
 * breaks it opens another and asks for its old seat, as long as the authority keeps it.
 */
import type { Access } from '../../links/access.ts';
import { ClientDriver } from '../../links/client-driver.ts';
import type { ClientEnd } from '../../links/client-end.ts';
import { type ConditionedEnd, conditionEnd } from '../../links/conditioned.ts';
import { ClientSession } from '../../netcode/client-session.ts';
import { customProfile, type LinkProfile } from '../../netcode/link/profiles.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import { Measures } from '../panel/measures.ts';
import { GOODBYE_MS, INPUT_RATE_HZ, type Participant, type ParticipantOptions, randomSeed } from './participant.ts';

const ROSTER_EVERY_MS = 1000;
/** The best so many: more than the scoreboard shows, for one's own rank and the names of others. */
const ROSTER_ENTRIES = 25;
/** An authority keeps a lost seat for some ten seconds: that long it is worth coming back. */
const REJOIN_FOR_MS = 9000;
const REJOIN_EVERY_MS = 900;

export interface ClientParticipantOptions extends ParticipantOptions {
  /** Opens a link to the authority; called again when one was lost. */
  open: () => ClientEnd;
  /** Whose network the sliders make worse, when it is not this client's own link. */
  access?: Access;
  /** Called once, after the link was closed for good. */
  onClosed?: () => void;
}

export class ClientParticipant implements Participant {
  readonly kind = 'client';
  readonly overlay = null;
  readonly session: ClientSession;
  readonly measures: Measures;
  readonly #options: ClientParticipantOptions;
  readonly #driver: ClientDriver;
  readonly #names = new Map<number, string>();
  #end: ConditionedEnd;
  #profile: LinkProfile = customProfile({});
  #rosterDueMs = 0;
  #rosterPage = 0;
  #rosterTotal = 0;
  #lostMs = Number.NaN;
  #rejoinDueMs = Number.POSITIVE_INFINITY;
  #hasPlayed = false;
  #isOver = false;

  constructor(options: ClientParticipantOptions) {
    const { name, timer, sample } = options;
    this.#options = options;
    this.#end = this.#open();
    this.session = new ClientSession(
      { name, transport: this.#end.transport, inputRateHz: INPUT_RATE_HZ, prediction: true },
      timer.nowMs(),
    );
    this.measures = new Measures(this.session);
    this.#driver = new ClientDriver({
      session: this.session,
      end: this.#end,
      nowMs: timer.nowMs,
      decide: sample,
      onEvent: (event, nowMs) => this.#onEvent(event, nowMs),
      onClose: (reason) => this.#onClose(reason),
    });
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.session.counters };
  }

  get truth(): View | null {
    return this.session.view;
  }

  nameOf(player: number): string {
    return this.#names.get(player) ?? '';
  }

  setProfile(profile: LinkProfile): void {
    const { access } = this.#options;
    this.#profile = profile;
    if (access) access.setProfile(profile);
    else this.#end.link.setProfile(profile);
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { timer } = this.#options;
    this.session.leave();
    this.#driver.pump();
    timer.callAt(timer.nowMs() + GOODBYE_MS, () => this.#close('left'));
  }

  #open(): ConditionedEnd {
    const { open, timer, access } = this.#options;
    const profile = access ? customProfile({}) : this.#profile;
    return conditionEnd({ end: open(), timer, profile, seed: randomSeed(), participant: 0 });
  }

  pump(): number {
    const dueMs = this.#driver.pump();
    const nowMs = this.#options.timer.nowMs();
    this.measures.sample(this.#end.inner.stats, nowMs);
    if (this.session.state === 'playing' && nowMs >= this.#rosterDueMs) this.#askForRoster(nowMs);
    if (nowMs >= this.#rejoinDueMs) this.#rejoin();
    return dueMs;
  }

  #askForRoster(nowMs: number): void {
    this.#rosterDueMs = nowMs + ROSTER_EVERY_MS;
    this.session.requestRoster(0, ROSTER_ENTRIES, nowMs);
    // Page by page, so that everybody in a match of people gets a name in the end.
    this.#rosterPage += ROSTER_ENTRIES;
    if (this.#rosterPage >= this.#rosterTotal) this.#rosterPage = 0;
    else this.session.requestRoster(this.#rosterPage, ROSTER_ENTRIES, nowMs);
  }

  #onEvent(event: SessionEvent, nowMs: number): void {
    const { hooks } = this.#options;
    this.measures.onEvent(event, nowMs);
    switch (event.type) {
      case 'snapshot':
        if (Number.isNaN(this.#lostMs) && this.#hasPlayed) return;
        this.#lostMs = Number.NaN;
        this.#hasPlayed = true;
        hooks.onWaiting('');
        return;
      case 'roster':
        for (const { player, name } of event.entries) this.#names.set(player, name);
        this.#rosterTotal = event.total;
        if (event.first === 0) hooks.onRoster(event.entries, event.total);
        return;
      case 'purchased':
        if (!event.granted) hooks.onNotice('No shield: it costs 5 coins');
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
    if (this.#isOver) return;
    const nowMs = this.#options.timer.nowMs();
    if (!this.#hasPlayed || this.session.state === 'refused') {
      this.#finish(this.session.refusal || reason);
      return;
    }
    if (Number.isNaN(this.#lostMs)) {
      this.#lostMs = nowMs;
      this.#options.hooks.onWaiting('the link broke – coming back …');
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
    if (this.#isOver) return;
    this.#close(reason);
    this.#options.hooks.onEnd(reason);
  }

  #close(reason: string): void {
    this.#isOver = true;
    this.#driver.close(reason);
    this.#options.onClosed?.();
  }
}
