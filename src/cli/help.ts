import type { Command, CommandOption } from './command.ts';
import { optionsOf } from './parse-command-line.ts';

const PROGRAM = 'websauna-session';

const CONFIGURATION = `Where the sessions are, the first of:
  --factory <module>    a module that exports the application's factory
  --redis <url>         with SESSION_SECRET from the environment
  REDIS_SESSIONS_...    the variables of sessionOptionsFromEnv
  REDIS_URL             with SESSION_SECRET from the environment

Exit codes: 0 done, 1 a problem was found or the answer was no, 2 wrong usage, 3 the store cannot be reached.`;

/** Returns the help of the program. */
export function overview(commands: readonly Command[]): string {
  return [
    `Usage: ${PROGRAM} <command> [options]`,
    '',
    'Commands:',
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    '',
    `${PROGRAM} <command> --help says more of each.`,
    '',
    CONFIGURATION,
    '',
  ].join('\n');
}

/** Returns the help of a command. */
export function commandHelp(command: Command): string {
  const { name, summary, details, args = [], examples } = command;
  const usage = args.map(({ name: argument, optional }) => (optional === true ? `[${argument}]` : `<${argument}>`));
  return [
    `Usage: ${[PROGRAM, name, ...usage, '[options]'].join(' ')}`,
    '',
    `${summary}.`,
    ...(details === undefined ? [] : ['', details]),
    ...(args.length === 0 ? [] : ['', 'Arguments:', ...columns(args.map((each) => [each.name, each.description]))]),
    '',
    'Options:',
    ...columns(Object.entries(optionsOf(command)).map(describeOption)),
    '',
    'Examples:',
    ...examples.map((example) => `  ${PROGRAM} ${example}`),
    '',
  ].join('\n');
}

function describeOption([name, { short, value, description }]: [string, CommandOption]): [string, string] {
  const names = short === undefined ? `--${name}` : `-${short}, --${name}`;
  return [value === undefined ? names : `${names} <${value}>`, description];
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
