/** Takes part as a peer of a mesh: it owns its avatar, and knows of others what they tell those who can see them. */
import { SHIELD_PRICE } from '../../game/constants.ts';
import { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import type { MeshSettings } from '../../netcode/mesh/settings.ts';
import type { RosterEntry, SessionEvent } from '../../netcode/session.ts';
import { MeshMeasures } from '../panel/mesh-measures.ts';
import { type MeshLink, meshLinksOf } from './mesh-links.ts';
import type { DrawnLink, NetworkOverlay } from './participant.ts';
import { PeerParticipant, type PeerParticipantOptions } from './peer-participant.ts';
import { TruePlaces } from './true-places.ts';

export interface MeshParticipantOptions extends PeerParticipantOptions {
  /** Code of the room to enter, or the settings of a new one. */
  room: string | MeshSettings;
}

export class MeshParticipant extends PeerParticipant<MeshSession> {
  readonly kind = 'mesh';
  readonly measures: MeshMeasures;
  override readonly overlay: NetworkOverlay;
  readonly #truePlaces: TruePlaces;
  #hasPlayed = false;

  constructor(options: MeshParticipantOptions) {
    const { room } = options;
    const where = typeof room === 'string' ? { room } : { room: null, settings: room };
    super(options, (birth, nowMs) => new MeshSession({ ...birth, ...where }, nowMs));
    this.measures = new MeshMeasures(this.driver);
    const truePlaces = new TruePlaces(this.session);
    this.#truePlaces = truePlaces;
    this.overlay = {
      links: (nowMs) => this.links(nowMs).map((link) => this.#drawnLink(link)),
      truePlaces: (nowMs) => truePlaces.at(nowMs),
    };
  }

  links(nowMs: number): MeshLink[] {
    return meshLinksOf(this.session, nowMs);
  }

  nameOf(player: number): string {
    const { epoch, rendezvous } = this.session;
    const seat = epoch?.seatAt(player);
    return seat ? rendezvous.nameOf(seat.peer) : '';
  }

  protected whyWaiting(): string {
    const { session } = this;
    if (session.player >= 0) {
      this.#hasPlayed = true;
      return '';
    }
    if (session.self === 0) return 'looking for the others …';
    return this.#hasPlayed ? 'the others have given up on this page – coming in again …' : 'waiting for a seat …';
  }

  /** The own score is known, and of others in sight how often they died: nobody tells the rest. Oneself first, then who is in sight. */
  protected roster(): RosterEntry[] {
    const { epoch, view, world, player: own } = this.session;
    const inSight = new Set(view!.players.id.subarray(0, view!.players.count));
    const rank = ({ player }: RosterEntry) => (player === own ? 0 : inSight.has(player) ? 1 : 2);
    const { score, kills, deaths } = world!.players;
    return epoch!.seats
      .map(({ slot: player }) => ({
        player,
        name: this.nameOf(player),
        score: player === own ? score[player]! : Number.NaN,
        kills: player === own ? kills[player]! : Number.NaN,
        deaths: player === own || inSight.has(player) ? deaths[player]! : Number.NaN,
      }))
      .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  }

  protected override heard(event: SessionEvent): void {
    const { onNotice } = this.hooks;
    if (event.type === 'purchased' && !event.granted) onNotice(`No shield: it costs ${SHIELD_PRICE} coins`);
    else if (event.type === 'banned')
      onNotice(`${this.session.rendezvous.nameOf(event.peer)} is banned: ${event.reason}`);
  }

  protected override passed(nowMs: number): void {
    this.#truePlaces.pump(nowMs);
  }

  protected override ended(): void {
    this.#truePlaces.close();
  }

  #drawnLink({ slot, reach, via, isTold, tells, x, y }: MeshLink): DrawnLink {
    const state = reach === 'direct' ? (isTold || tells ? 'told' : 'linked') : reach;
    return { player: slot, state, via: via === 0 ? -1 : (this.session.epoch?.seatOf(via)?.slot ?? -1), x, y };
  }
}
