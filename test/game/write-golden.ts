/**
 * `node test/game/write-golden.ts` plays the golden match and stores its checksums as the ones to hold from now on. Run
 * it after a deliberate change of the rules, and say in the commit message what changed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { playGolden } from './golden-match.ts';

const path = join(import.meta.dirname, 'golden.json');
writeFileSync(path, `${JSON.stringify(playGolden(), null, 2)}\n`);
console.log(`wrote ${path}`);
