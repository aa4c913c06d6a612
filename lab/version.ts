/** Which netbed this is, and on what it runs: what a record says about its origin. */
import { readFileSync } from 'node:fs';

/** The version in package.json. */
export function netbedVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
