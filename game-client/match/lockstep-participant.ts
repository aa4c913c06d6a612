/** Takes part as a peer of a lockstep match: it simulates the world itself, as all others do. */
import { SHIELD_PRICE } from '../../game/constants.ts';
import { Button, type PlayerInput } from '../../game/input.ts';
import { Status } from '../../game/world.ts';
import { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import type { LockstepSettings } from '../../netcode/lockstep/settings.ts';
import type { RosterEntry, SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import { LockstepMeasures } from '../panel/lockstep-measures.ts';
import { PeerParticipant, type PeerParticipantOptions } from './peer-participant.ts';

/** A wait of this length is worth a line on the screen; shorter ones are seen as a hitch. */
const WAIT_SHOWN_MS = 700;

export interface LockstepParticipantOptions extends PeerParticipantOptions {
  /** Code of the room to enter, or the settings of a new one. */
  room: string | { settings: LockstepSettings; maxPeers: number };
}

export class LockstepParticipant extends PeerParticipant<LockstepSession> {
  readonly kind = 'lockstep';
  readonly measures: LockstepMeasures;
  #wasBuying = false;

  constructor(options: LockstepParticipantOptions) {
    const { room } = options;
    const where = typeof room === 'string' ? { room } : { room: null, ...room };
    super(options, (birth, nowMs) => new LockstepSession({ ...birth, ...where }, nowMs));
    this.measures = new LockstepMeasures(this.driver);
  }

  nameOf(player: number): string {
    return this.session.roster.seats.findLast(({ slot }) => slot === player)?.name ?? '';
  }

  /** Nobody answers a purchase here: who has too little can know it at once. */
  protected override decide(input: PlayerInput, view: View): PlayerInput {
    const isBuying = (input.buttons & Button.buy) !== 0;
    if (isBuying && !this.#wasBuying && view.self.alive && view.self.coins < SHIELD_PRICE) {
      this.hooks.onNotice(`No shield: it costs ${SHIELD_PRICE} coins`);
    }
    this.#wasBuying = isBuying;
    return input;
  }

  protected whyWaiting(nowMs: number): string {
    const { session } = this;
    if (session.halted !== '') return session.halted;
    if (session.self === 0) return 'looking for the others …';
    if (session.role === 'candidate') return 'meeting the others …';
    if (session.player < 0) return 'catching up with the match …';
    const names: string[] = [];
    for (const { id, blockedSinceMs } of session.peers.values()) {
      if (nowMs - blockedSinceMs > WAIT_SHOWN_MS) names.push(session.roster.member(id)?.name ?? `peer ${id}`);
    }
    return names.length === 0 ? '' : `waiting for ${names.join(', ')} …`;
  }

  /** Whoever simulates the world knows everybody's score. */
  protected roster(): RosterEntry[] {
    const { players } = this.session.world!;
    const entries: RosterEntry[] = [];
    for (let player = 0; player < players.status.length; player++) {
      if (players.status[player] === Status.empty) continue;
      const name = this.nameOf(player);
      const { score, kills, deaths } = players;
      entries.push({ player, name, score: score[player]!, kills: kills[player]!, deaths: deaths[player]! });
    }
    return entries.sort((a, b) => b.score - a.score || a.player - b.player);
  }

  protected override heard(event: SessionEvent): void {
    if (event.type === 'desync') this.hooks.onNotice('Desync: the network panel says where');
  }
}
