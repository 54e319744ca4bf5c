import { pathStep } from '../internal/value-path.ts';
import { className, DATA_ONLY, TOO_DEEP } from './json-loss.ts';
import type { Loss } from './refusal.ts';

/** What keeps a value: JSON exactly, the rich format, or nothing. */
export type Keeper = 'json' | 'rich' | Loss;

/** Returns what keeps a value as it is: its types, `undefined`, the sign of zero, and which of its parts are the same. */
export function keeperOf(value: unknown): Keeper {
  const inspection = new Inspection();
  try {
    const refused = inspection.visit(value);
    if (refused !== undefined) return refused;
    if (!inspection.isJson && inspection.prototypeKey !== undefined) return inspection.prototypeKey;
  } catch (error) {
    if (error instanceof RangeError) return TOO_DEEP;
    throw error;
  }
  return inspection.isJson ? 'json' : 'rich';
}

/** What the rich format keeps beside objects, arrays, maps and sets, by the tag of `Object.prototype.toString`. */
const ATOMS = new Set([
  'Date',
  'RegExp',
  'URL',
  'URLSearchParams',
  'ArrayBuffer',
  'DataView',
  'Number',
  'String',
  'Boolean',
  'BigInt',
]);
/** Of an object without a class, such as that of an array, and of a typed array. */
const [PLAIN_DEPTH, BUILT_IN_DEPTH, TYPED_ARRAY_DEPTH] = [1, 2, 3] as const;

/** One look at a value, at each of its objects once. */
class Inspection {
  isJson = true;
  /** Where the key `__proto__` is, which JSON alone keeps. */
  prototypeKey: Loss | undefined;
  readonly #seen = new Set<object>();
  readonly #path: string[] = [];

  /** Returns why a value is refused; `undefined` when it is not. */
  visit(value: unknown): Loss | undefined {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return undefined;
      case 'number':
        if (!Number.isFinite(value) || Object.is(value, -0)) this.isJson = false;
        return undefined;
      case 'object':
        return value === null ? undefined : this.#visitObject(value);
      case 'function':
      case 'symbol':
        return this.#refuse(`is a ${typeof value}`, DATA_ONLY);
      default:
        this.isJson = false;
        return undefined;
    }
  }

  #visitObject(object: object): Loss | undefined {
    if (this.#seen.has(object)) {
      this.isJson = false;
      return undefined;
    }
    this.#seen.add(object);
    if (Array.isArray(object)) return this.#visitArray(object);
    const depth = prototypesOf(object);
    const tag = tagOf(object);
    if (depth <= PLAIN_DEPTH && tag === 'Object') return this.#visitPlain(object as Record<string, unknown>, depth);
    this.isJson = false;
    if (depth === BUILT_IN_DEPTH) {
      if (tag === 'Map') return this.#visitMap(object as Map<unknown, unknown>);
      if (tag === 'Set') return this.#visitEach([...(object as Set<unknown>)], '.values()');
      if (ATOMS.has(tag) || tag.startsWith('Temporal.')) return undefined;
    }
    if (depth === TYPED_ARRAY_DEPTH && ArrayBuffer.isView(object)) return undefined;
    return this.#refuseInstance(object);
  }

  #visitArray(array: readonly unknown[]): Loss | undefined {
    if (prototypesOf(array) !== BUILT_IN_DEPTH) return this.#refuseInstance(array);
    // Holes, and properties of its own beside its items, which nothing keeps.
    const keys = Object.keys(array);
    if (keys.length !== array.length) {
      this.isJson = false;
      const stray = keys.find((key) => !/^\d+$/.test(key));
      if (stray !== undefined)
        return this.#refuse(`has a property \`${pathStep(stray)}\``, 'Store an object in its place');
    }
    return this.#visitEach(array, '');
  }

  #visitPlain(object: Readonly<Record<string, unknown>>, depth: number): Loss | undefined {
    if (depth !== PLAIN_DEPTH) this.isJson = false;
    if (Object.getOwnPropertySymbols(object).some((key) => Object.prototype.propertyIsEnumerable.call(object, key))) {
      return this.#refuse('has a symbol as a key', 'Use strings');
    }
    for (const key of Object.keys(object)) {
      if (key === '__proto__') this.prototypeKey ??= this.#refuse('has the key `__proto__`', 'Use another name');
      const refused = this.#visitAt(pathStep(key), object[key]);
      if (refused !== undefined) return refused;
    }
    return undefined;
  }

  #visitMap(map: ReadonlyMap<unknown, unknown>): Loss | undefined {
    for (const [key, value] of map) {
      const step = typeof key === 'string' ? `.get('${pathStep(key).replaceAll(/^\.|^\['|'\]$/g, '')}')` : '.get(...)';
      const refused = this.#visitAt('.keys()', key) ?? this.#visitAt(step, value);
      if (refused !== undefined) return refused;
    }
    return undefined;
  }

  #visitEach(items: readonly unknown[], of: string): Loss | undefined {
    for (let index = 0; index < items.length; index++) {
      const refused = this.#visitAt(`${of}[${index}]`, items[index]);
      if (refused !== undefined) return refused;
    }
    return undefined;
  }

  #visitAt(step: string, value: unknown): Loss | undefined {
    this.#path.push(step);
    const refused = this.visit(value);
    this.#path.pop();
    return refused;
  }

  #refuse(what: string, advice: string): Loss {
    return { path: this.#path.join(''), what, advice };
  }

  #refuseInstance(object: object): Loss {
    if (Buffer.isBuffer(object)) return this.#refuse('is a Buffer', 'Store `new Uint8Array(buffer)`');
    if (object instanceof Promise) return this.#refuse('is a promise', 'Await it first');
    return this.#refuse(`is an instance of ${className(object)}`, 'Store a plain object, such as `{ ...value }`');
  }
}

/** Returns how many prototypes stand above an object, in any realm. */
function prototypesOf(object: object): number {
  let depth = 0;
  let prototype: unknown = Object.getPrototypeOf(object);
  while (prototype !== null) {
    depth++;
    prototype = Object.getPrototypeOf(prototype);
  }
  return depth;
}

function tagOf(object: object): string {
  return Object.prototype.toString.call(object).slice(8, -1);
}
