/** What determinism.test.ts bundles for the browser. */
export { playGolden } from '../game/golden-match.ts';
