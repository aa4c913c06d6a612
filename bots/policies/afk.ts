/** Away from the keyboard: connected, and doing nothing. */
import type { Policy } from './policy.ts';

export const afk: Policy = {
  id: 'afk',
  title: 'connected, and doing nothing',
  create: () => () => ({ buttons: 0, aim: 0 }),
};
