import { sanitizeForMessage } from '../internal/validate.ts';
import { pathStep } from '../internal/value-path.ts';
import type { Loss } from './refusal.ts';

/**
 * Returns whether `JSON.parse` returns what `JSON.stringify` has made of a value, but for properties that are
 * `undefined` and the sign of zero. Not for values with cycles.
 */
export function isLossless(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (value === null) return true;
      return Array.isArray(value)
        ? isLosslessArray(value)
        : isLosslessObject(value as Readonly<Record<string, unknown>>);
    default:
      return false;
  }
}

function isLosslessArray(array: readonly unknown[]): boolean {
  if (!isPlainArray(array)) return false;
  for (let index = 0; index < array.length; index++) {
    if (!isLossless(array[index])) return false;
  }
  return true;
}

function isLosslessObject(object: Readonly<Record<string, unknown>>): boolean {
  if (!isPlainObject(object) || typeof object['toJSON'] === 'function') return false;
  // By far the fastest way through an object. What it finds beside own properties JSON leaves out.
  for (const key in object) {
    const item = object[key];
    if (item !== undefined && !isLossless(item) && Object.hasOwn(object, key)) return false;
  }
  return true;
}

/** In any realm `Array.prototype` is an array itself, and the prototype of a subclass is none. */
function isPlainArray(array: readonly unknown[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(array);
  return prototype === Array.prototype || Array.isArray(prototype);
}

/** In any realm nothing stands above `Object.prototype`, and something above that of a class. */
function isPlainObject(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Returns the first thing in a value that JSON does not keep. */
export function explainLoss(value: unknown): Loss {
  try {
    return find(value, '', new Set()) ?? TOO_DEEP;
  } catch (error) {
    if (error instanceof RangeError) return TOO_DEEP;
    throw error;
  }
}

export const TOO_DEEP: Loss = { path: '', what: 'is nested too deeply', advice: 'Store less of it' };
export const DATA_ONLY = 'Store data only';

function find(value: unknown, path: string, above: Set<unknown>): Loss | undefined {
  const loss = lossOf(value, above);
  if (loss !== undefined) return { path, what: loss[0], advice: loss[1] };
  if (typeof value !== 'object' || value === null) return undefined;
  above.add(value);
  // Holes of an array, too.
  const items = Array.isArray(value) ? Array.from(value as unknown[]).entries() : Object.entries(value);
  for (const [key, item] of items) {
    if (item === undefined && typeof key === 'string') continue;
    const found = find(item, path + pathStep(key), above);
    if (found !== undefined) return found;
  }
  above.delete(value);
  return undefined;
}

/** Returns what is wrong with a value itself, and what to do. */
function lossOf(value: unknown, above: Set<unknown>): readonly [what: string, advice: string] | undefined {
  switch (typeof value) {
    case 'undefined':
      return ['is undefined', 'Store null in its place, or delete the field'];
    case 'number':
      return Number.isFinite(value) ? undefined : [`is ${value}`, 'Store null in its place'];
    case 'bigint':
      return ['is a BigInt', 'Store `String(value)`'];
    case 'function':
      return ['is a function', DATA_ONLY];
    case 'symbol':
      return ['is a symbol', DATA_ONLY];
    case 'object':
      if (value === null) return undefined;
      return above.has(value) ? ['is a cycle', 'Store an id in its place'] : instanceLoss(value);
    default:
      return undefined;
  }
}

function instanceLoss(object: object): readonly [what: string, advice: string] | undefined {
  if (object instanceof Date) return ['is a Date', 'Store `date.toISOString()`'];
  if (object instanceof Map) return ['is a Map', 'Store `[...map]` or `Object.fromEntries(map)`'];
  if (object instanceof Set) return ['is a Set', 'Store `[...set]`'];
  if (Buffer.isBuffer(object)) return ['is a Buffer', "Store `buffer.toString('base64')`"];
  if (ArrayBuffer.isView(object)) return [`is a ${className(object)}`, 'Store `[...array]`'];
  if (object instanceof Promise) return ['is a promise', 'Await it first'];
  const plain = Array.isArray(object) ? isPlainArray(object) : isPlainObject(object);
  const hasToJson = 'toJSON' in object && typeof object.toJSON === 'function';
  const advice = hasToJson ? 'Store what its `toJSON()` returns' : 'Store a plain object, such as `{ ...value }`';
  if (!plain) return [`is an instance of ${className(object)}`, advice];
  return hasToJson ? ['has a toJSON()', advice] : undefined;
}

export function className({ constructor }: object): string {
  return typeof constructor === 'function' && constructor.name !== ''
    ? sanitizeForMessage(constructor.name)
    : 'a class';
}
