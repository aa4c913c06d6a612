/** What those who play in a match of peers know of it, by kind, live and on virtual time alike: nobody else knows. */
import { coinsError } from '../../game/world.ts';
import type { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { auditLedger, statementOf } from '../../netcode/mesh/ledger/audit.ts';
import type { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import type { PlayingPeer } from '../../netcode/playing-peer.ts';
import type { PeerId } from '../../netcode/session.ts';

export interface PeerFacts<S extends PlayingPeer> {
  isMember(session: S): boolean;
  /** Seats that are taken, those of `strangers` left out. */
  seated(members: readonly S[], strangers: readonly PeerId[]): number;
  present(members: readonly S[]): number;
  coinsError(members: readonly S[]): number;
  /** What coins there are is agreed on for each by itself: some may be under way. */
  settles: boolean;
  names(session: S): string[];
}

/** Whose word counts: a member that moves on. */
function lockstepWitness(members: readonly LockstepSession[]): LockstepSession {
  return members.reduce((best, session) => (session.confirmedTick > best.confirmedTick ? session : best));
}

export const LOCKSTEP_FACTS: PeerFacts<LockstepSession> = {
  isMember: ({ role }) => role === 'member',
  seated: (members) => lockstepWitness(members).confirmedWorld!.match.players[0]!,
  present: (members) => lockstepWitness(members).roster.members.length,
  coinsError: (members) => members.reduce((sum, { confirmedWorld }) => sum + Math.abs(coinsError(confirmedWorld!)), 0),
  settles: false,
  names: ({ roster }) => roster.members.map(({ name }) => name),
};

/** Who takes part, as whoever knows the newest epoch knows. */
function newestEpoch(members: readonly MeshSession[]) {
  return members.reduce((best, session) => (session.epoch!.number > best.epoch!.number ? session : best)).epoch!;
}

export const MESH_FACTS: PeerFacts<MeshSession> = {
  isMember: ({ player }) => player >= 0,
  // Whoever enters the room has a seat, and so has somebody who then says what a test wants.
  seated: (members, strangers) => newestEpoch(members).seats.filter(({ peer }) => !strangers.includes(peer)).length,
  present: (members) => newestEpoch(members).seats.filter(({ isAway }) => !isAway).length,
  coinsError(members) {
    const statements = members.map(({ self, epoch, ledger, settings }) =>
      statementOf(self, { epoch, ledger, spots: settings!.config.players }),
    );
    return auditLedger(statements.filter((statement) => statement !== null))?.error ?? 0;
  },
  settles: true,
  names: ({ epoch, rendezvous }) => epoch!.seats.map(({ peer }) => rendezvous.nameOf(peer)),
};
