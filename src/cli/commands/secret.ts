import { randomBytes } from 'node:crypto';
import { EXIT, UsageError, type Command, type CommandContext, type ExitCode } from '../command.ts';
import { quote, textOption } from '../parse-command-line.ts';

/** Bytes of a secret that is made: as many as the HMAC of cookies has. */
const SECRET_BYTES = 32;

export const secret: Command = {
  name: 'secret',
  summary: 'Make a secret for the option `secret`, or check the one that is configured',
  details:
    'A secret that is checked is read from the environment, because other users of the machine can see arguments.',
  args: [{ name: 'action', description: 'make or check' }],
  options: {
    variable: {
      type: 'string',
      value: 'name',
      description: 'check: the variable that has it. Default: REDIS_SESSIONS_SECRET, or else SESSION_SECRET',
    },
  },
  examples: ['secret make', 'secret check', 'secret check --variable OLD_SESSION_SECRET'],
  offline: true,
  async run(context): Promise<ExitCode> {
    const action = context.args['action']!;
    if (action === 'make') return make(context);
    if (action === 'check') return check(context);
    throw new UsageError(`Expected make or check, got ${quote(action)}`);
  },
};

function make({ terminal }: CommandContext): ExitCode {
  const made = randomBytes(SECRET_BYTES).toString('base64');
  terminal.line(made);
  terminal.object({ secret: made });
  return EXIT.ok;
}

function check({ options, env, terminal }: CommandContext): ExitCode {
  const variable =
    textOption(options, 'variable') ?? ('REDIS_SESSIONS_SECRET' in env ? 'REDIS_SESSIONS_SECRET' : 'SESSION_SECRET');
  const value = env[variable];
  if (value === undefined)
    throw new UsageError(`Expected the environment to have ${quote(variable)}, which is not set`);
  const problems = problemsOf(value);
  terminal.object({ variable, bytes: Buffer.byteLength(value), problems });
  if (problems.length === 0) terminal.line(`${variable} is long enough and looks random.`);
  for (const problem of problems) terminal.line(`${variable} ${problem}`);
  return problems.length === 0 ? EXIT.ok : EXIT.refused;
}

/** Returns what is wrong with a secret. Never quotes it. */
function problemsOf(value: string): string[] {
  const advice = 'Make another with `websauna-session secret make`';
  const problems: string[] = [];
  const bytes = Buffer.byteLength(value);
  if (bytes < SECRET_BYTES) problems.push(`has ${bytes} bytes, and needs ${SECRET_BYTES} or more. ${advice}`);
  if (value !== value.trim()) problems.push('begins or ends with white space, which some tools drop. Take it away');
  if (new Set(value).size < 12) problems.push(`repeats few characters, so that it can be guessed. ${advice}`);
  if (/secret|password|change|example|keyboard cat/i.test(value)) {
    problems.push(`contains words, so that it can be guessed. ${advice}`);
  }
  return problems;
}
