/**
 * Where a mesh of neighbours stops, and why: what a peer uploads, how often its neighbours change, what it gets wrong
 * about them and what the rendezvous has to carry, over the number of players. Uplinks that were not filled are modelled.
 */
import { type MeasureName, numberOf } from '../measures.ts';
import type { RunRecord } from '../record.ts';
import { tidy } from '../verdict.ts';
import { type Group, isInterestMesh, medianAt, sizesOf } from './groups.ts';
import { endSentenceOf, mbit, UPLINKS_KBPS } from './scaling.ts';

/** One paragraph that says why such a sweep ends where it does; none for other topologies. */
export function whyNeighboursStop(group: Group): string[] {
  if (!isInterestMesh(group.runs[0]!.plan)) return [];
  const largest = group.runs.findLast(({ status }) => status === 'ok');
  if (!largest) return [];
  const sentences = [
    uploadSentence(group, largest),
    linksSentence(group, largest),
    viewSentence(group),
    rendezvousSentence(largest),
    endSentenceOf(group),
  ].filter((text) => text !== null);
  return [`${group.label}, why it stops: ${sentences.join(' ')}`];
}

const kindOf = ({ simulated }: Group) => (simulated ? 'simulated' : 'measured');

/** `41 at 100, 43 at 400`: a measure at each size of a sweep; null where no run has it. */
function overSizes(group: Group, name: MeasureName, factor = 1): string | null {
  const told = sizesOf(group).flatMap((players) => {
    const value = medianAt(group, players, name);
    return value === null ? [] : [`${tidy(round(value * factor))} at ${tidy(players)}`];
  });
  return told.length > 0 ? told.join(', ') : null;
}

function uploadSentence(group: Group, largest: RunRecord): string | null {
  const told = overSizes(group, 'up.wire.mean');
  if (told === null) return null;
  const upload = `Every peer tells its state to those who can see it: ${told} players, in kbit/s of upload with headers (${kindOf(group)}).`;
  const [recipients, wire, formula] = (['recipients.mean', 'up.wire.mean', 'up.formula'] as const).map((name) =>
    numberOf(largest.measures, name),
  );
  if (!recipients || wire == null) return upload;
  const perRecipient = wire / recipients;
  const arithmetic = formula == null ? '' : `, of which k·f·(h + b) explains ${tidy(round(formula))} kbit/s (modelled)`;
  const filled = UPLINKS_KBPS.slice(0, 3).map(
    (uplink) => `${mbit(uplink)} Mbit/s at ${tidy(Math.floor(uplink / perRecipient))}`,
  );
  return (
    `${upload} At ${tidy(largest.plan.players)} players it told ${tidy(round(recipients))} others${arithmetic}. ` +
    `So it is the density that fills an uplink: one of ${filled.join(', ')} recipients (modelled).`
  );
}

function linksSentence(group: Group, largest: RunRecord): string | null {
  const told = overSizes(group, 'links.opened.rate');
  if (told === null) return null;
  const opened = `Neighbours change as players walk: ${told} players, in links opened per second and peer (${kindOf(group)}).`;
  const [median, slow, forwarded] = (['neighbour.setup.p50', 'neighbour.setup.p99', 'forwarded.ratio'] as const).map(
    (name) => numberOf(largest.measures, name),
  );
  if (median == null || slow == null) return opened;
  const meanwhile = forwarded == null ? '' : `; others forwarded ${tidy(round(forwarded * 100))} % of all states`;
  return `${opened} A newcomer in sight was heard of directly after ${tidy(round(median))} ms, at worst ${tidy(round(slow))} ms (99th percentile)${meanwhile}.`;
}

function viewSentence(group: Group): string | null {
  const told = overSizes(group, 'viewError.ratio', 100);
  return told && `Missing or phantom were ${told} players, in % of those in view (${kindOf(group)}).`;
}

function rendezvousSentence({ measures, plan, evidence }: RunRecord): string | null {
  const [messages, kbps] = (['rendezvous.messages.rate', 'rendezvous.up'] as const).map((name) =>
    numberOf(measures, name),
  );
  if (messages == null || kbps == null) return null;
  return (
    `All of them meet through one rendezvous, which had ${tidy(round(messages * plan.players))} messages per second and ` +
    `${tidy(round(kbps))} kbit/s of upload to carry at ${tidy(plan.players)} players (${evidence}).`
  );
}

const round = (value: number) => Math.round(value * 100) / 100;
