/**
 * Counts the coins of a match that has settled, from what each peer states of itself: where the records of its homes say
 * that a coin is, and whether whoever is said to hold it knows of it. Nobody in the match can do this; whoever runs all
 * peers can, and checks with it that no coin was lost or doubled.
 */
import type { PeerId } from '../../session.ts';
import { Epoch, type EpochSeat } from '../epoch.ts';
import type { Ledger } from './ledger.ts';
import { type CoinRecord, NOBODY, type Token, tokenOf } from './record.ts';

/** What one peer knows of the coins; plain data, so that it can travel between processes. */
export interface LedgerStatement {
  peer: PeerId;
  /** Of the program that states this. */
  life: number;
  line: number;
  /** The newest epoch that it knows, and who has a seat in it. */
  epoch: number;
  seats: readonly EpochSeat[];
  spots: number;
  /** It waits for answers. */
  isBusy: boolean;
  tokens: Token[];
  /** Of the spots that it is a home of; `isInCharge`: and nothing is under way. */
  records: { spot: number; record: CoinRecord; isInCharge: boolean }[];
}

export interface LedgerAudit {
  /** Coins, records and seats about which not all agree. */
  error: number;
  minted: number;
  held: number;
  lying: number;
  spent: number;
  /** What is wrong, in words: the first of it. */
  complaints: string[];
}

const MOST_COMPLAINTS = 20;

/** What a peer states; null for one that has no seat. */
export function statementOf(
  peer: PeerId,
  { epoch, ledger, spots }: { epoch: Epoch | null; ledger: Ledger | null; spots: number },
): LedgerStatement | null {
  const seat = epoch?.seatOf(peer);
  if (!epoch || !seat || !ledger) return null;
  const records: LedgerStatement['records'] = [];
  for (let spot = 0; spot < spots; spot++) {
    if (!epoch.homesOf(spot).some((home) => home.peer === peer)) continue;
    records.push({ spot, record: ledger.keptRecord(spot), isInCharge: ledger.settledRecord(spot) !== null });
  }
  return {
    peer,
    life: seat.life,
    line: epoch.line,
    epoch: epoch.number,
    seats: epoch.seats,
    spots,
    isBusy: ledger.pending > 0 || ledger.isRecalling,
    tokens: [...ledger.tokens.keys()],
    records,
  };
}

/** Counts; null where nobody states anything. */
export function auditLedger(statements: readonly LedgerStatement[]): LedgerAudit | null {
  if (statements.length === 0) return null;
  const newest = statements.reduce((best, other) => (other.epoch > best.epoch ? other : best));
  const epoch = new Epoch(newest.line, newest.epoch, newest.seats);
  // Who is away does not know what has come since, nor does a program whose place another one has taken.
  const present = statements.filter(({ peer, life }) => {
    const seat = epoch.seatOf(peer);
    return seat?.isAway === false && seat.life === life;
  });
  const byPeer = new Map(present.map((statement) => [statement.peer, statement]));
  const audit: LedgerAudit = { error: 0, minted: 0, held: 0, lying: 0, spent: 0, complaints: [] };
  const complain = (text: string): void => {
    audit.error++;
    if (audit.complaints.length < MOST_COMPLAINTS) audit.complaints.push(text);
  };
  for (const { peer, line, epoch: known, isBusy } of present) {
    if (line !== newest.line || known !== newest.epoch) complain(`${peer} knows epoch ${known} of line ${line} only`);
    if (isBusy) complain(`${peer} has claims without an answer`);
  }
  const holders = new Map<Token, PeerId>();
  for (let spot = 0; spot < newest.spots; spot++) {
    const record = recordOf(spot, epoch, byPeer, complain);
    if (!record) continue;
    const { generation, out } = record;
    const held = out.filter(({ holder }) => holder !== NOBODY);
    audit.minted += generation + 1;
    audit.held += held.length;
    audit.lying += 1 + out.length - held.length;
    audit.spent += generation - out.length;
    for (const token of held) holders.set(tokenOf(spot, token.generation), token.holder);
  }
  compareHolders(epoch, byPeer, holders, complain);
  return audit;
}

/** The record that counts, which all homes should keep. */
function recordOf(
  spot: number,
  epoch: Epoch,
  byPeer: ReadonlyMap<PeerId, LedgerStatement>,
  complain: (text: string) => void,
): CoinRecord | null {
  const kept = epoch.homesOf(spot).map(({ peer }) => byPeer.get(peer)?.records.find((one) => one.spot === spot));
  const [first] = kept;
  if (!first?.isInCharge) {
    complain(`nobody is in charge of spot ${spot}`);
    return null;
  }
  const text = JSON.stringify(first.record);
  for (const other of kept)
    if (other && JSON.stringify(other.record) !== text) complain(`homes of spot ${spot} differ`);
  return first.record;
}

function compareHolders(
  epoch: Epoch,
  byPeer: ReadonlyMap<PeerId, LedgerStatement>,
  holders: ReadonlyMap<Token, PeerId>,
  complain: (text: string) => void,
): void {
  const told = new Map([...byPeer].map(([peer, { tokens }]) => [peer, new Set(tokens)]));
  for (const [token, holder] of holders) {
    if (!epoch.seatOf(holder)) complain(`${token} is held by ${holder}, who has no seat`);
    // Who is away states nothing.
    else if (told.get(holder)?.has(token) === false) complain(`${holder} does not know that it holds ${token}`);
  }
  for (const [peer, tokens] of told) {
    for (const token of tokens) if (holders.get(token) !== peer) complain(`${peer} believes to hold ${token}`);
  }
}
