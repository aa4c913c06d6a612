/** What a peer of a mesh knows about another one: its link, where its avatar is, and what each has told the other. */
import { TILE, VISION_RADIUS } from '../../game/constants.ts';
import { ReliableLine } from '../rendezvous-line.ts';
import type { LinkState, PeerId } from '../session.ts';
import { roundTripMs } from './peer-codec.ts';
import type { AvatarState } from './state-codec.ts';

/** Weight of a new sample in the running mean of the round trip. */
const SMOOTHING = 0.2;
/** Who may see an avatar is told of it several times a second: a place that was told longer ago is no longer believed. */
export const FRESH_MS = 1000;
/** What waits to ride along with something else goes by itself after this long. */
export const RIDE_MS = 100;
/** Reliable messages are sent again after this long: they and their acknowledgements may both wait for a ride. */
const RESEND_MS = 500;
/** "Not told": of a tile. */
export const NO_TILE = 0xffff;

/** The tile that a place lies in, as 16 bits. */
export function tileOf(x: number, y: number): number {
  return ((y / TILE) | 0) * 256 + ((x / TILE) | 0);
}

export class Other {
  readonly id: PeerId;
  /** Slot of its avatar; −1 while it has no seat that we know of. */
  slot = -1;
  link: LinkState = 'down';
  /** When it was last asked for a link, and when one came up. */
  dialledMs = Number.NEGATIVE_INFINITY;
  upMs = Number.NEGATIVE_INFINITY;
  /** When its direct link went down, and how far it was then. */
  downMs = Number.NEGATIVE_INFINITY;
  downDistance = 0;
  /** When anything was heard of it over the own link, and when it was first heard of at all. */
  lastHeardMs: number;
  readonly knownSinceMs: number;
  lastSentMs = Number.NEGATIVE_INFINITY;
  pingDueMs = 0;
  rttMs = Number.NaN;
  line: ReliableLine;
  /** The newest state it told, null for none; when that came, and whether over the own link. */
  state: AvatarState | null = null;
  stateAtMs = Number.NEGATIVE_INFINITY;
  isDirect = false;
  /** It is told our state, for it may see us. */
  isTold = false;
  /** Since when it has been too far to be told; Infinity while it is not, or is not told anyway. */
  beyondSinceMs = Number.POSITIVE_INFINITY;
  /** How often, over the room's send rate; 1 where it is more. */
  toldShare = 1;
  /** The tile it said it is in, or somebody else said; −1 for none. */
  tile = -1;
  tileAtMs = Number.NEGATIVE_INFINITY;
  /** Of the tile only the cell is known. */
  isGuessed = false;
  /** Who told us of it: may forward, until a link is up. */
  introducer: PeerId = 0;
  /** Signals that were handed on for it in the second that began then. */
  signals = 0;
  signalledMs = Number.NEGATIVE_INFINITY;
  /** What is to ride along with whatever is said to it next, and until when that is waited for. */
  waiting: Uint8Array[] = [];
  waitingUntilMs = Number.POSITIVE_INFINITY;
  /** Those whom we forward its states, and until when. */
  readonly forwardUntilMs = new Map<PeerId, number>();
  #echoMs = -1;
  #echoAtMs = 0;

  constructor(id: PeerId, send: (bytes: Uint8Array) => void, nowMs: number) {
    this.id = id;
    this.lastHeardMs = nowMs;
    this.knownSinceMs = nowMs;
    this.line = Other.lineTo(id, send);
  }

  /** Reliable messages begin anew with each link. */
  static lineTo(id: PeerId, send: (bytes: Uint8Array) => void): ReliableLine {
    return new ReliableLine({ send: (_to, _channel, bytes) => send(bytes) }, id, 'datagram', RESEND_MS);
  }

  get isReachable(): boolean {
    return this.link !== 'down';
  }

  notePing(timeMs: number, echoMs: number, heldMs: number, nowMs: number): void {
    this.#echoMs = timeMs;
    this.#echoAtMs = nowMs;
    const rttMs = roundTripMs(echoMs, heldMs, nowMs);
    if (Number.isNaN(rttMs)) return;
    this.rttMs = Number.isNaN(this.rttMs) ? rttMs : this.rttMs + (rttMs - this.rttMs) * SMOOTHING;
  }

  /** What to send back so that it can tell its round trip. */
  echo(nowMs: number): { echoMs: number; heldMs: number } {
    if (this.#echoMs < 0) return { echoMs: 0, heldMs: 0xffff };
    return { echoMs: this.#echoMs, heldMs: Math.round(nowMs - this.#echoAtMs) };
  }

  /** When its place or its tile was last told. */
  get placedAtMs(): number {
    return Math.max(this.stateAtMs, this.tileAtMs);
  }

  /** Whether its exact place is known and still says something. */
  hasPlace(nowMs: number): boolean {
    return this.state !== null && nowMs - this.stateAtMs <= FRESH_MS;
  }

  /**
   * Its distance from (x, y) in sub-units, by the best that is known: its place, or the middle of its tile. Infinity when
   * nothing is known.
   */
  distanceTo(x: number, y: number, nowMs: number): number {
    const { state, tile } = this;
    const isPlaceNewer = this.stateAtMs >= this.tileAtMs || nowMs - this.stateAtMs < FRESH_MS / 3;
    if (state && isPlaceNewer) return length(state.x - x, state.y - y);
    if (tile < 0) return state ? length(state.x - x, state.y - y) : Number.POSITIVE_INFINITY;
    return length((tile & 255) * TILE + TILE / 2 - x, (tile >>> 8) * TILE + TILE / 2 - y);
  }
}

function length(dx: number, dy: number): number {
  return Math.sqrt(dx * dx + dy * dy);
}

/** Those this near are told where we are, by their tile or by their place: by the time it arrives they may see us. */
export const TELLING_RADIUS = VISION_RADIUS + 64 * 256;
export const TELLING_RADIUS_EXACT = VISION_RADIUS + 16 * 256;
/** Links to those this near are opened: by the time one is up they may be told. */
export const LINKING_RADIUS = VISION_RADIUS + 128 * 256;
