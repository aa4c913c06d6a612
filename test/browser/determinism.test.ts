import { join } from 'node:path';
import { expect, test } from 'vitest';
import golden from '../game/golden.json' with { type: 'json' };
import type { GoldenMatch } from '../game/golden-match.ts';
import { bundleScript, launchBrowser } from './browser.ts';

test('the golden match gives the same checksums in Chromium, bundled as it is shipped', async () => {
  const script = await bundleScript(join(import.meta.dirname, 'golden-entry.ts'), 'golden');
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: script });
    const match = (await page.evaluate('golden.playGolden()')) as GoldenMatch;
    expect(match).toEqual(golden);
  } finally {
    await browser.close();
  }
});
