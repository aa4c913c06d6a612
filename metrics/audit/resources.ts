/** CPU and memory of processes, from their samples. */
import type { ResourceRows } from '../authority-recorder.ts';

/** CPU between the first and the last sample inside the window, in percent of one core; null with fewer than two. */
export function cpuPercent({ count, columns }: ResourceRows, fromMs: number, untilMs: number): number | null {
  let first = -1;
  let last = -1;
  for (let i = 0; i < count; i++) {
    if (columns.atMs[i]! < fromMs || columns.atMs[i]! > untilMs) continue;
    if (first < 0) first = i;
    last = i;
  }
  if (first === last) return null;
  const used = (i: number) => columns.userUs[i]! + columns.systemUs[i]!;
  return (used(last) - used(first)) / (columns.atMs[last]! - columns.atMs[first]!) / 10;
}

/** null when nobody said how much. */
export function memoryMb({ count, columns }: ResourceRows): number | null {
  let most = 0;
  for (let i = 0; i < count; i++) most = Math.max(most, columns.rssBytes[i]!);
  return most === 0 ? null : most / 1e6;
}

/** null as soon as one part is unknown. */
export function sumOf(values: readonly (number | null)[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => (sum === null || value === null ? null : sum + value));
}
