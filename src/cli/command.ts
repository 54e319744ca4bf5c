import type { ParseArgsConfig } from 'node:util';
import type { SessionFactory } from '../factory.ts';
import type { Terminal } from './terminal.ts';

/** What the exit code of the process says. */
export const EXIT = {
  /** Done; nothing is wrong. */
  ok: 0,
  /** Something is wrong: a problem was found, the session does not exist, the question was answered with no. */
  refused: 1,
  /** The command line or the configuration is wrong; nothing was done. */
  usage: 2,
  /** The store cannot be reached or failed. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An option of a command, as `parseArgs` takes it, with what `--help` says of it. */
export interface CommandOption {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** How help names the option's value, such as `url`. */
  readonly value?: string;
  readonly description: string;
}

export interface CommandArgument {
  readonly name: string;
  readonly description: string;
  /** Default `false`. */
  readonly optional?: boolean;
}

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** The configured factory. */
export interface Opened {
  readonly factory: SessionFactory;
  /** Whether the secret of the sessions is known: without it, sessions cannot be found by their owner. */
  readonly hasSecret: boolean;
}

/** What a command works with. */
export interface CommandContext {
  readonly options: OptionValues;
  /** The arguments by their names; those that were left out are absent. */
  readonly args: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  /**
   * Returns the factory of the configuration, which is closed when the command has ended.
   * @param options in place of those that were given
   * @throws {UsageError} when there is no configuration
   */
  readonly open: (options?: OptionValues) => Promise<Opened>;
  /** Resolves when Ctrl+C was pressed, or the process is asked to end in another way. */
  readonly interrupted: () => Promise<void>;
}

/** One command of the command line. Its file knows nothing of other commands. */
export interface Command {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** Further sentences for the command's own help. */
  readonly details?: string;
  readonly args?: readonly CommandArgument[];
  readonly options?: Readonly<Record<string, CommandOption>>;
  /** Command lines without the program's name. */
  readonly examples: readonly string[];
  /** Whether it works without a store, so that help leaves out the options that name one. Default `false`. */
  readonly offline?: boolean;
  run(context: CommandContext): Promise<ExitCode>;
}

/** A mistake in the command line or the configuration. The message says what to do. */
export class UsageError extends Error {}

/** Something that the command will not do, or that is not there. */
export class RefusedError extends Error {}

export type ParseOptions = NonNullable<ParseArgsConfig['options']>;

/** Returns what an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
