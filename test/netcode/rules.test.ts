/** Every numbered rule of the protocol is named by the title of a test, and no title names a rule that is not there. */
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const RULE = /(?<![\w-])(?:M-[ELT]|[PRLM])\d+\b/g;

/** The rules that all of these texts name. */
const named = (texts: readonly string[]) => new Set(texts.flatMap((text) => text.match(RULE) ?? []));

/** What stands in quotes behind `test(`, `describe(` and their like. */
function titlesOf(source: string): string[] {
  return [...source.matchAll(/\b(?:test|describe)(?:\.\w+)?(?:\([^()]*\))?\(\s*(['"`])(.*?)(?<!\\)\1/gs)].map(
    ([, , title]) => title!,
  );
}

test('each rule of the protocol is named by a test, and each test names rules that there are', () => {
  const protocols = ['netcode/PROTOCOL.md', 'netcode/mesh/PROTOCOL.md'].map((path) => readFileSync(path, 'utf8'));
  const rules = named(protocols.flatMap((text) => text.match(/^- \*\*\S+?\*\*/gm) ?? []));
  expect(rules.size).toBeGreaterThan(130);
  const tested = named(globSync('test/**/*.test.ts').flatMap((path) => titlesOf(readFileSync(path, 'utf8'))));
  expect(
    [...rules].filter((rule) => !tested.has(rule)),
    'rules without a test',
  ).toEqual([]);
  expect(
    [...tested].filter((rule) => !rules.has(rule)),
    'tests of rules that there are not',
  ).toEqual([]);
});
