/** The `netbed` command under a Node that reads TypeScript; netbed.mjs sees to that. */
import { netbed } from './program.ts';

process.exitCode = await netbed(process.argv.slice(2));
