/** How `netbed` ends, as numbers for scripts and as errors inside. */

export const Exit = {
  /** Everything held. */
  held: 0,
  /** A threshold or a self-check failed. */
  failed: 1,
  /** The command line asked for what does not exist. */
  usage: 2,
  /** The run itself broke: it says nothing about what was to be measured. */
  broke: 3,
} as const;

export type ExitCode = (typeof Exit)[keyof typeof Exit];

/** The command line is wrong: the message names the option, its value and what is allowed. */
export class UsageError extends Error {}

/** The run could not start or did not finish: the message says why, and what to do about it. */
export class BrokenRun extends Error {}
