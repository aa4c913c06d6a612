/** What must hold of the coins of a match full of faults: at every moment, and once nothing goes wrong any more. */
import type { CoinRecord, Token } from '../../netcode/mesh/ledger/record.ts';
import type { Match } from './mesh-ledger-faults.ts';

/** Spots of the match. */
export const SPOTS = 7;

/** At no time two of those who still have their seats hold the same. */
export function watchHoldings(match: Match): void {
  const holders = new Map<string, number>();
  for (const program of match.programs.values()) {
    if (program.ledger.isRecalling || program.known === 0 || !match.keptSeat(program)) continue;
    for (const [token, since] of program.ledger.tokens) {
      // A spot that is lost twice may mint a number again; who held the first of the two has yet to hear that it is void.
      const name = match.losesCoins ? `${token} since ${since}` : `${token}`;
      const other = holders.get(name);
      if (other !== undefined) match.complain(`token ${name} is held by ${other} and ${program.peer}`);
      holders.set(name, program.peer);
    }
  }
}

/** After the match has settled. */
export function checkSettled(match: Match): void {
  for (let spot = 0; spot < SPOTS; spot++) checkSpot(match, spot);
  let spent = 0;
  const held = new Map<Token, number>();
  for (let spot = 0; spot < SPOTS; spot++) {
    const record = truthOf(match, spot);
    if (!record) continue;
    spent += record.generation - record.out.length;
    for (const { generation, holder } of record.out) if (holder !== 0) held.set(spot * 0x10000 + generation, holder);
  }
  for (const [token, holder] of held) {
    if (!match.programs.get(holder)?.ledger.tokens.has(token))
      match.complain(`${holder} does not know that it holds ${token}`);
  }
  for (const { peer, ledger, buying } of match.programs.values()) {
    for (const token of ledger.tokens.keys()) {
      if (held.get(token) !== peer)
        match.complain(`${peer} holds ${token}, which the record gives to ${held.get(token)}`);
    }
    if (ledger.pending > 0) match.complain(`${peer} has ${ledger.pending} claims without an answer`);
    if (ledger.isRecalling) match.complain(`${peer} still asks what it holds`);
    match.counts['lost']! += ledger.counters.lost;
    if (buying.size > 0) match.complain(`${peer} has ${buying.size} purchases without an answer`);
  }
  const paid = match.counts['bought']! * 5;
  match.counts['spent'] = spent;
  if (match.losesCoins) return;
  if (spent < paid || spent > paid + match.orphans * 5) {
    match.complain(`${spent} spent for ${match.counts['bought']} shields, ${match.orphans} purchases without an end`);
  }
}

/** What counts of a spot, for whoever is in charge of it; null where nobody is. */
function truthOf(match: Match, spot: number): CoinRecord | null {
  const first = match.newest.homesOf(spot)[0];
  return (first && match.programs.get(first.peer)?.ledger.settledRecord(spot)) ?? null;
}

function checkSpot(match: Match, spot: number): void {
  const truth = truthOf(match, spot);
  if (!truth) {
    match.complain(`nobody is in charge of spot ${spot}`);
    return;
  }
  for (const { peer } of match.newest.homesOf(spot)) {
    const kept = match.programs.get(peer)?.ledger.keptRecord(spot);
    if (JSON.stringify(kept) !== JSON.stringify(truth))
      match.complain(`home ${peer} of spot ${spot} keeps another record`);
  }
  for (const { holder, generation } of truth.out) {
    if (holder !== 0 && !match.newest.seatOf(holder))
      match.complain(`coin ${generation} of spot ${spot} is held by nobody`);
  }
}
