/** Colours for people at a terminal. A pipe, a file and a CI log get plain text, unless FORCE_COLOR asks for more. */
import picocolors from 'picocolors';

const { FORCE_COLOR, NO_COLOR } = process.env;
const wanted = FORCE_COLOR !== undefined && FORCE_COLOR !== '0';
const isTerminal = Boolean(process.stdout.isTTY && process.stderr.isTTY && process.env['TERM'] !== 'dumb');

export default picocolors.createColors(wanted || (isTerminal && NO_COLOR === undefined));
