import { readFileSync } from 'node:fs';
import { SessionError } from '../errors.ts';
import { suggestName } from '../internal/did-you-mean.ts';
import { EXIT, messageOf, RefusedError, UsageError, type Command, type ExitCode, type Opened } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { openConfiguration } from './configuration.ts';
import { commandHelp, overview } from './help.ts';
import { parseCommandLine, quote } from './parse-command-line.ts';
import { Terminal, type Io } from './terminal.ts';

/** Runs a command line, without the names of Node and the program; never rejects. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const terminal = new Terminal(io, argv.includes('--json'));
  try {
    const [name = '--help', ...rest] = argv;
    if (name === '--version') {
      terminal.text(`${readVersion()}\n`);
      return EXIT.ok;
    }
    if (name === '--help' || name === '-h') {
      terminal.text(overview(COMMANDS));
      // Without a command there is nothing that could have been done.
      return argv.length === 0 ? EXIT.usage : EXIT.ok;
    }
    return await runCommand(findCommand(name), rest, io, terminal);
  } catch (error) {
    return report(error, terminal);
  }
}

function findCommand(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name);
  if (command !== undefined) return command;
  const names = COMMANDS.map((each) => each.name);
  const meant = suggestName(name, names);
  const advice = meant === undefined ? `Known are ${names.join(', ')}` : `Did you mean ${meant}?`;
  throw new UsageError(`Expected a command, got ${quote(name)}. ${advice}`);
}

async function runCommand(command: Command, given: readonly string[], io: Io, terminal: Terminal): Promise<ExitCode> {
  const { options, args } = parseCommandLine(command, given);
  if (options['help'] === true) {
    terminal.text(commandHelp(command));
    return EXIT.ok;
  }
  let opened: Opened | undefined;
  try {
    return await command.run({
      options,
      args,
      env: io.env,
      terminal,
      open: async (overridden = options) => (opened ??= await openConfiguration(overridden, io.env)),
      interrupted: io.interrupted,
    });
  } finally {
    await opened?.factory.close();
  }
}

function report(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof UsageError) {
    terminal.error(`${error.message}. See --help`);
    return EXIT.usage;
  }
  if (error instanceof RefusedError) {
    terminal.error(error.message);
    return EXIT.refused;
  }
  if (error instanceof SessionError) {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    terminal.error(error.message + cause, error.code);
    return error.status === 503 || error.code === 'ERR_SESSION_CLIENT_MISSING' ? EXIT.unreachable : EXIT.refused;
  }
  // A defect, here or in the module of the application: with its stack.
  terminal.error(messageOf(error));
  if (error instanceof Error && error.stack !== undefined) terminal.note(error.stack);
  return EXIT.refused;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
