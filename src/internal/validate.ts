// Checks of what the application passes. Each throws a TypeError that names the option, says what it
// should be, and describes what it is without repeating it: a misplaced value can be a secret.
import { suggestName } from './did-you-mean.ts';

/**
 * Browsers keep a cookie for at most 400 days (RFC 6265bis section 5.5), in seconds. A session's limits beyond that
 * mean nothing, or are milliseconds.
 */
export const MAX_LIFETIME_SECONDS = 34_560_000;

/** Returns the error "Expected `name` to be <what>, got <a description of value>"; `next` says what to do. */
export function expected(name: string, what: string, value: unknown, next?: string): TypeError {
  return new TypeError(
    `Expected \`${name}\` to be ${what}, got ${describe(value)}${next === undefined ? '' : `. ${next}`}`,
  );
}

/** Returns the name of a value's kind. Only numbers and booleans appear themselves. */
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

/** Returns whether a value is an object that is neither null nor an array. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Requires an object that has no properties but the known ones.
 *
 * @param name - What to call the object in messages; `''` for the options themselves.
 * @param elsewhere - Names of other objects' properties, with a dot, that may be meant.
 * @param foreign - What to use in place of names that other libraries have.
 */
export function checkNames(
  name: string,
  value: unknown,
  known: readonly string[],
  elsewhere: readonly string[] = [],
  foreign: Readonly<Record<string, string>> = {},
): void {
  const called = name === '' ? 'options' : name;
  if (!isObject(value)) throw expected(called, 'an object', value);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const advice = Object.hasOwn(foreign, key) ? foreign[key]! : nearestName(name, key, known, elsewhere);
    throw new TypeError(
      `Expected \`${called}\` to have known properties only, got \`${dotted(name, sanitizeForMessage(key))}\`. ${advice}`,
    );
  }
}

function nearestName(name: string, key: string, known: readonly string[], elsewhere: readonly string[]): string {
  const meant = elsewhere.find((other) => other.endsWith(`.${key}`)) ?? suggestName(key, [...known, ...elsewhere]);
  return meant === undefined ? `Known are ${known.join(', ')}` : `Did you mean \`${dotted(name, meant)}\`?`;
}

function dotted(name: string, key: string): string {
  return name === '' ? key : `${name}.${key}`;
}

/** Returns a name that came from outside, short and on one line. */
export function sanitizeForMessage(name: string): string {
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

/** Returns whether a value is a date, and a valid one. */
export function isValidDate(value: unknown): value is Date {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

export function checkDate(name: string, value: unknown): void {
  if (value !== undefined && !isValidDate(value)) throw expected(name, 'a valid Date', value);
}

export function checkOneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || (typeof value === 'string' && choices.includes(value))) return;
  const quoted = choices.map((choice) => `'${choice}'`);
  const what = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
  const meant = typeof value === 'string' ? suggestName(value, choices) : undefined;
  throw expected(name, what, value, meant === undefined ? undefined : `Did you mean '${meant}'?`);
}

/** What `NumberRule.of` says of durations. A number beyond their maximum is asked whether it is milliseconds. */
export const OF_SECONDS = 'of seconds';

export interface NumberRule {
  /** What is counted, for the message; for example {@link OF_SECONDS}. */
  readonly of?: string;
  readonly min: number;
  readonly max?: number;
  /** Default `true`. */
  readonly integer?: boolean;
  /** What `null` means, if it is allowed; for example `'null for never'`. */
  readonly orNull?: string;
}

export function checkNumber(name: string, value: unknown, rule: NumberRule): void {
  if (value === undefined || (value === null && rule.orNull !== undefined)) return;
  const { min, max = Number.MAX_SAFE_INTEGER, integer = true } = rule;
  if (typeof value === 'number' && value >= min && value <= max && (!integer || Number.isSafeInteger(value))) return;
  const range = rule.max === undefined ? `${min} or more` : `between ${min} and ${max}`;
  const counted = rule.of === undefined ? '' : ` ${rule.of}`;
  const orNull = rule.orNull === undefined ? '' : ` (or ${rule.orNull})`;
  const next = rule.of === OF_SECONDS && typeof value === 'number' && value > max ? millisecondsAdvice(max) : undefined;
  throw expected(name, `${integer ? 'an integer' : 'a number'}${counted}, ${range}${orNull}`, value, next);
}

function millisecondsAdvice(max: number): string {
  const why = max === MAX_LIFETIME_SECONDS ? ' Browsers keep cookies for at most 400 days' : '';
  return `Is it in seconds, not milliseconds?${why}`;
}

/** Requires a non-empty string; `null` is allowed where `orNull` says what it means. */
export function checkString(name: string, value: unknown, what: string, orNull?: string): void {
  if (value === undefined || (value === null && orNull !== undefined)) return;
  if (typeof value !== 'string' || value === '') {
    throw expected(name, orNull === undefined ? what : `${what} (or ${orNull})`, value);
  }
}

/** Requires an array of strings, each of which passes `test`. */
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

/**
 * Returns who ends a session, as the audit trail says it; `null` where it is not said.
 * @throws {TypeError} for anything but a short text
 */
export function checkBy(by: unknown): string | null {
  if (by === undefined) return null;
  if (typeof by === 'string' && by !== '' && by.length <= 200 && by.isWellFormed()) return by;
  throw expected('by', 'a text of 1 to 200 characters, such as the id of an administrator', by);
}

/** Requires a name that a field of a session can have, of an object with one property for each field. */
export function checkFieldName(option: string, fields: object, name: string): void {
  if (name !== '' && name.isWellFormed()) return;
  throw expected(option, 'an object of fields, with names that are not empty and without lone surrogates', fields);
}
