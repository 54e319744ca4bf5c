import { parseArgs } from 'node:util';
import { suggestName } from '../internal/did-you-mean.ts';
import { sanitizeForMessage } from '../internal/validate.ts';
import { UsageError, type Command, type CommandOption, type OptionValues, type ParseOptions } from './command.ts';

/** The options of every command that needs the sessions. */
export const STORE_OPTIONS: Readonly<Record<string, CommandOption>> = {
  redis: { type: 'string', value: 'url', description: 'where the sessions are; overrides the environment' },
  prefix: { type: 'string', value: 'text', description: 'the prefix of their keys. Default: session:' },
  'publish-ends': { type: 'boolean', description: 'publish what is ended, if the application sets redis.publishEnds' },
  factory: {
    type: 'string',
    value: 'module',
    description: "a module that exports the application's factory, as factory, as default, or as the name after #",
  },
};

/** The options of every command. */
export const COMMON_OPTIONS: Readonly<Record<string, CommandOption>> = {
  json: { type: 'boolean', description: 'print one JSON object a line, for programs' },
  help: { type: 'boolean', short: 'h', description: 'print how to use the command' },
};

/** Returns all options that a command takes: its own first. */
export function optionsOf(command: Command): Readonly<Record<string, CommandOption>> {
  return { ...command.options, ...(command.offline !== true && STORE_OPTIONS), ...COMMON_OPTIONS };
}

export interface CommandLine {
  readonly options: OptionValues;
  readonly args: Readonly<Record<string, string>>;
}

/**
 * Reads what follows the name of a command.
 * @throws {UsageError} for an unknown option, with the nearest known one, and for an argument that is missing or too many
 */
export function parseCommandLine(command: Command, given: readonly string[]): CommandLine {
  const known = optionsOf(command);
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { type, short }]) => [name, { type, ...(short !== undefined && { short }) }]),
  ) as ParseOptions;
  const { values, positionals } = parse(options, given);
  if (values['help'] === true) return { options: values, args: {} };
  const expected = command.args ?? [];
  const missing = expected.find(({ optional }, index) => optional !== true && positionals[index] === undefined);
  if (missing !== undefined) throw new UsageError(`Expected <${missing.name}>: ${missing.description}`);
  const extra = positionals[expected.length];
  if (extra !== undefined) throw new UsageError(`Expected no argument ${quote(extra)}`);
  return { options: values, args: Object.fromEntries(positionals.map((text, i) => [expected[i]!.name, text])) };
}

const HANDLE_LIKE_AN_OPTION = /^-[\w-]{42}$/;

/**
 * Returns arguments in which handles that begin with a hyphen, one in 64, are not taken for options: the value of an
 * option is joined to its name, and others come last.
 */
function separateHandles(given: readonly string[], options: ParseOptions): string[] {
  const names = new Set(Object.keys(options).map((name) => `--${name}`));
  const separated: string[] = [];
  const handles: string[] = [];
  for (const text of given) {
    if (!HANDLE_LIKE_AN_OPTION.test(text) || names.has(text)) {
      separated.push(text);
      continue;
    }
    const before = separated.at(-1) ?? '';
    if (names.has(before) && options[before.slice(2)]?.type === 'string') separated.push(`${separated.pop()}=${text}`);
    else handles.push(text);
  }
  return handles.length === 0 ? separated : [...separated, ...(separated.includes('--') ? [] : ['--']), ...handles];
}

function parse(options: ParseOptions, given: readonly string[]): { values: OptionValues; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: separateHandles(given, options),
      options,
      allowPositionals: true,
      strict: true,
    });
    return { values: values as OptionValues, positionals };
  } catch (error) {
    throw new UsageError(describeMistake(error, Object.keys(options)));
  }
}

function describeMistake(error: unknown, known: readonly string[]): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return message;
  const name = /'-{1,2}([^']*)'/.exec(message)?.[1] ?? '';
  const meant = suggestName(name, known);
  return `Expected known options only, got ${quote(name)}${meant === undefined ? '' : `. Did you mean --${meant}?`}`;
}

export function quote(text: string): string {
  return `'${sanitizeForMessage(text)}'`;
}

/**
 * Returns the number of an option's value.
 * @throws {UsageError} for anything but a number of `min` or more
 */
export function numberOption(options: OptionValues, name: string, min: number): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : NaN;
  if (Number.isFinite(value) && value >= min) return value;
  throw new UsageError(`Expected --${name} to be a number, ${min} or more`);
}

/** Returns the text of an option's value. */
export function textOption(options: OptionValues, name: string): string | undefined {
  const text = options[name];
  return typeof text === 'string' ? text : undefined;
}
