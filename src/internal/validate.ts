// Checks of what the application passes. Each throws a TypeError that names the option, says what it
// should be, and describes what it is without repeating it: a misplaced value can be a secret.
import { suggestName } from './did-you-mean.ts';

/** Longer durations are accidents, and would overflow a store's arithmetic; a hundred years, in seconds. */
export const MAX_SECONDS = 3_153_600_000;

/** "Expected `name` to be <what>, got <a description of value>"; `next` says what to do. */
export function expected(name: string, what: string, value: unknown, next?: string): TypeError {
  return new TypeError(
    `Expected \`${name}\` to be ${what}, got ${describe(value)}${next === undefined ? '' : `. ${next}`}`,
  );
}

/** Names a value's kind. Only numbers and booleans appear themselves. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'a string';
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value);
  return typeof value === 'object' ? describeObject(value) : `a ${typeof value}`;
}

function describeObject(value: object | null): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (isThenable(value)) return 'a promise';
  return 'an object';
}

export function isThenable(value: unknown): boolean {
  return isObject(value) && 'then' in value && typeof value.then === 'function';
}

/** An object that is neither null nor an array. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Requires an object that has no properties but the known ones.
 *
 * @param name - What to call the object in messages; `''` for the options themselves.
 * @param elsewhere - Names of other objects' properties, with a dot, that may be meant.
 */
export function checkNames(
  name: string,
  value: unknown,
  known: readonly string[],
  elsewhere: readonly string[] = [],
): void {
  const called = name === '' ? 'options' : name;
  if (!isObject(value)) throw expected(called, 'an object', value);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const meant = elsewhere.find((other) => other.endsWith(`.${key}`)) ?? suggestName(key, [...known, ...elsewhere]);
    const advice = meant === undefined ? `Known are ${known.join(', ')}` : `Did you mean \`${dotted(name, meant)}\`?`;
    throw new TypeError(
      `Expected \`${called}\` to have known properties only, got \`${dotted(name, shown(key))}\`. ${advice}`,
    );
  }
}

function dotted(name: string, key: string): string {
  return name === '' ? key : `${name}.${key}`;
}

/** A name that came from outside, short and on one line. */
export function shown(name: string): string {
  const line = name.replaceAll(/[^\x20-\x5f\x61-\x7e]/g, '?');
  return line.length > 60 ? `${line.slice(0, 60)}...` : line;
}

// The checks below accept `undefined`: the option is absent, and its default holds.

export function checkBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw expected(name, 'true or false', value);
}

export function checkFunction(name: string, value: unknown, what: string): void {
  if (value !== undefined && typeof value !== 'function') throw expected(name, what, value);
}

export function checkOneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || (typeof value === 'string' && choices.includes(value))) return;
  const quoted = choices.map((choice) => `'${choice}'`);
  const what = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
  const meant = typeof value === 'string' ? suggestName(value, choices) : undefined;
  throw expected(name, what, value, meant === undefined ? undefined : `Did you mean '${meant}'?`);
}

export interface NumberRule {
  /** What is counted, for the message; for example `of seconds`. */
  readonly of?: string;
  readonly min: number;
  readonly max?: number;
  /** Default `true`. */
  readonly integer?: boolean;
  /** May it be `null`, and what does that mean? For example `'null for never'`. */
  readonly orNull?: string;
}

export function checkNumber(name: string, value: unknown, rule: NumberRule): void {
  if (value === undefined || (value === null && rule.orNull !== undefined)) return;
  const { min, max = Number.MAX_SAFE_INTEGER, integer = true } = rule;
  if (typeof value === 'number' && value >= min && value <= max && (!integer || Number.isSafeInteger(value))) return;
  const range = rule.max === undefined ? `${min} or more` : `between ${min} and ${max}`;
  const counted = rule.of === undefined ? '' : ` ${rule.of}`;
  const orNull = rule.orNull === undefined ? '' : ` (or ${rule.orNull})`;
  throw expected(name, `${integer ? 'an integer' : 'a number'}${counted}, ${range}${orNull}`, value);
}

/** A non-empty string; `null` too where `orNull` says what it means. */
export function checkString(name: string, value: unknown, what: string, orNull?: string): void {
  if (value === undefined || (value === null && orNull !== undefined)) return;
  if (typeof value !== 'string' || value === '') {
    throw expected(name, orNull === undefined ? what : `${what} (or ${orNull})`, value);
  }
}

/** An array of strings, each of which passes `test`. */
export function checkStrings(name: string, value: unknown, what: string, test: (item: string) => boolean): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) throw expected(name, `an array of ${what}`, value);
  for (const [index, item] of value.entries()) {
    if (typeof item !== 'string' || !test(item)) throw expected(`${name}[${index}]`, `one of ${what}`, item);
  }
}

/**
 * Requires an owner: a non-empty string without lone surrogates, which no store keeps apart.
 * @throws {TypeError} for anything else
 */
export function checkOwner(owner: unknown): string {
  const advice = 'Convert other ids with `String(id)`';
  if (typeof owner !== 'string' || owner === '') {
    throw expected('owner', "a non-empty string, the application's user id", owner, advice);
  }
  if (!owner.isWellFormed()) throw expected('owner', 'text without lone surrogates', owner);
  return owner;
}
