/** What a report says of meshes: their table, their plots, and why they stop. */
import { describe, expect, test } from 'vitest';
import type { MeasureName } from '../../metrics/measures.ts';
import { groupRuns } from '../../metrics/report/groups.ts';
import { whyNeighboursStop } from '../../metrics/report/mesh-scaling.ts';
import { renderReport } from '../../metrics/report/report.ts';
import { whyItStops } from '../../metrics/report/scaling.ts';
import { recordOf } from './records.ts';

const at = (players: number, values: Partial<Record<MeasureName, number | null>> = {}) =>
  recordOf({
    plan: { topology: 'mesh', players },
    values: {
      'up.mean': 100,
      'up.wire.mean': 200 + players / 100,
      'up.formula': 180,
      'recipients.mean': 20,
      'links.mean': 24,
      'links.worst': 41,
      'links.opened.rate': 0.25,
      'neighbour.setup.p50': 0,
      'neighbour.setup.p99': 640,
      'forwarded.ratio': 0.015,
      'viewError.ratio': players / 100_000,
      'divergence.ratio': 0.004,
      'conflicts.per1000': 3,
      'accusations.rate': 0.5,
      'rendezvous.messages.rate': 0.4,
      'rendezvous.up': 90,
      'rendezvous.epochs.rate': 12,
      'cpu.peer': 3,
      'cpu.authority': null,
      'authority.up.wire': null,
      ...values,
    },
  });
const records = [at(100), at(400)];
const [group] = groupRuns(records);

describe('why a mesh of neighbours stops', () => {
  const [sentence = ''] = whyNeighboursStop(group!);

  test('upload, links, view error and the rendezvous, over the number of players', () => {
    expect(sentence).toContain('201 at 100, 204 at 400 players, in kbit/s of upload with headers (measured)');
    expect(sentence).toContain('At 400 players it told 20 others, of which k·f·(h + b) explains 180 kbit/s (modelled)');
    // One recipient costs 10.2 kbit/s.
    expect(sentence).toContain('1 Mbit/s at 98, 5 Mbit/s at 490, 10 Mbit/s at 980 recipients (modelled)');
    expect(sentence).toContain('0.25 at 100, 0.25 at 400 players, in links opened per second and peer');
    expect(sentence).toContain('directly after 0 ms, at worst 640 ms (99th percentile); others forwarded 1.5 %');
    expect(sentence).toContain('0.1 at 100, 0.4 at 400 players, in % of those in view');
    expect(sentence).toContain('160 messages per second and 90 kbit/s of upload to carry at 400 players');
    expect(sentence).toContain('beyond 400 players all is arithmetic');
  });

  test('what was not measured is not told, and a sweep that broke shows its end', () => {
    const [bare = ''] = whyNeighboursStop(groupRuns([at(100, { 'recipients.mean': null, 'rendezvous.up': null })])[0]!);
    expect(bare).not.toContain('recipients');
    expect(bare).not.toContain('rendezvous');
    const broke = groupRuns([at(100), at(400, { 'action.p95': 900 })])[0]!;
    expect(whyNeighboursStop(broke)[0]).not.toContain('Nothing in these runs shows its end');
    expect(whyNeighboursStop(groupRuns([{ ...at(100), status: 'void' }])[0]!)).toEqual([]);
  });

  test('is said of meshes only, and the full mesh’s reasons of lockstep only', () => {
    expect(whyItStops(group!)).toEqual([]);
    for (const topology of ['server', 'lockstep']) {
      expect(whyNeighboursStop(groupRuns([recordOf({ plan: { topology } })])[0]!), topology).toEqual([]);
    }
  });
});

test('the report has a table of peers for each kind, plots over N, and what participants disagree on', () => {
  const disputed = {
    ...at(200),
    conflicts: [{ kind: 'coinTwice', count: 2, sentence: 'a coin was granted to a second player' }],
    ledger: { error: 1, minted: 40, held: 10, lying: 25, spent: 4 },
    accusations: { 'too fast': 3 },
  };
  const lockstep = recordOf({ plan: { topology: 'lockstep', players: 8 }, values: { 'stalls.rate': 0 } });
  const html = renderReport({ title: 'Meshes', records: [...records, disputed, lockstep], madeAt: 'today' });
  for (const text of [
    'Stalls per min',
    'Neighbour setup p50 / p99, ms',
    '0 / 640',
    'Upload of a peer that tells its neighbours',
    'Links opened per peer',
    'View error',
    'why it stops',
    'mesh of neighbours k·f·(h + b)',
    '2 times a coin was granted to a second player',
    '40 minted, 10 held, 25 lying, 4 spent; off by 1',
    'Accused: too fast',
  ])
    expect(html).toContain(text);
  const served = renderReport({ title: 'Served', records: [recordOf({ plan: {} })], madeAt: 'today' });
  expect(served).not.toContain('Neighbour setup');
  expect(served).not.toContain('Links opened per peer');
});

test('a sweep that was simulated is told besides live ones where it goes further, and its growth is drawn', () => {
  const simulated = (players: number) => {
    const values = {
      'up.formula': 180,
      'up.wire.mean': 300 + players / 10,
      'up.wire.worst': 600,
      'recipients.mean': 18,
    };
    return recordOf({ plan: { topology: 'mesh', players, inView: 15, simulated: true }, values });
  };
  const live = [at(8), at(16), recordOf({ plan: { topology: 'server' } })];
  const page = (...sizes: number[]) =>
    renderReport({ title: 'Growth', records: [...live, ...sizes.map(simulated)], madeAt: 'today' });
  const html = page(50, 200);
  // What sets a sweep apart from others of its topology is told, of those only.
  for (const text of [
    'mesh · lan · 15 in view · simulated, why it stops',
    'mesh · lan · 30 in view · live, why it stops',
    '<strong>server · lan</strong>',
    'How the upload of a peer grows',
    'worst peer, counted',
  ])
    expect(html).toContain(text);
  expect(page(8, 16)).not.toContain('simulated, why it stops');
});
