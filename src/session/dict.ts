import { inspect } from 'node:util';
import { assertWritable, markAccessed } from '../engine/access.ts';
import { fieldName } from '../engine/field-names.ts';
import type { SessionState } from '../engine/state.ts';
import { expected } from '../internal/validate.ts';
import { addForeignNames, guardMembers, guardOtherNames } from './assignment-guard.ts';
import type { DefaultData } from './data.ts';

// For the rest of the library. Not exported by the package.

/** Returns the state behind a session. */
export let stateOf: (session: object) => SessionState;
/** Makes assignments to a session throw from now on: its constructors have run. */
export let sealSession: (session: object) => void;
/** Returns whether assignments to an object throw. */
export let isSealed: (object: object) => boolean;

type Key<Data> = keyof Data & string;

/**
 * The dictionary side of a session: synchronous access to its fields. Reading costs nothing; what is
 * written, and what is changed inside a value that was read, is stored field by field at the commit.
 *
 * Every method throws `ERR_SESSION_NOT_LOADED` while a session with `load: 'lazy'` is unloaded, and every
 * method that changes something throws `ERR_SESSION_DEGRADED` when `session.degraded` is true.
 */
export abstract class SessionDict<Data extends object = DefaultData> {
  readonly #state: SessionState;
  #data: Partial<Data> | undefined;
  #sealed = false;

  constructor(state: SessionState) {
    this.#state = state;
  }

  /**
   * Returns a field's value; `fallback`, or `undefined`, when there is none.
   * @throws {TypeError} for a key that is not a non-empty string without lone surrogates, as every method with a key
   */
  get<K extends Key<Data>>(key: K): Data[K] | undefined;
  get<K extends Key<Data>, Fallback>(key: K, fallback: Fallback): NonNullable<Data[K]> | Fallback;
  get(key: Key<Data>, fallback?: unknown): unknown {
    const state = this.#state;
    markAccessed(state);
    const value = state.read(fieldName(checkKey(key)));
    return value === undefined ? fallback : value;
  }

  /**
   * Sets a field; `undefined` deletes it. The value is serialised at the commit, which fails for what is changed
   * inside it until then as this does for the value.
   * @throws {SessionError} `ERR_SESSION_SERIALIZE` for a value that the serializer refuses; `ERR_SESSION_INVALID_FIELD`
   * for one that does not fit the field's schema
   */
  set<K extends Key<Data>>(key: K, value: Data[K]): this {
    const state = this.#state;
    assertWritable(state);
    if (value === undefined) state.epoch.fields.delete(fieldName(checkKey(key)));
    else state.epoch.fields.write(fieldName(checkKey(key)), value);
    return this;
  }

  /** Deletes a field; returns whether there was one. */
  delete(key: Key<Data>): boolean {
    const state = this.#state;
    assertWritable(state);
    return state.epoch.fields.delete(fieldName(checkKey(key)));
  }

  /** Returns whether there is such a field. */
  has(key: Key<Data>): boolean {
    const state = this.#state;
    markAccessed(state);
    return state.epoch.fields.has(fieldName(checkKey(key)));
  }

  /** Returns the names of the fields. Flash messages and CSRF secrets are not among them. */
  keys(): Key<Data>[] {
    const state = this.#state;
    markAccessed(state);
    return state.epoch.fields.keys() as Key<Data>[];
  }

  /** Returns the values of the fields, in the order of their names. */
  values(): Data[Key<Data>][] {
    return this.keys().map((key) => this.get(key)!);
  }

  /** Returns the fields as pairs of name and value. */
  entries(): [Key<Data>, Data[Key<Data>]][] {
    return this.keys().map((key) => [key, this.get(key)!]);
  }

  [Symbol.iterator](): IterableIterator<Key<Data>> {
    return this.keys().values();
  }

  /** The number of fields. */
  get size(): number {
    return this.keys().length;
  }

  /** Returns the fields as a plain object without a prototype, for `JSON.stringify(session)`. */
  toJSON(): Partial<Data> {
    const copy = Object.create(null) as Record<string, unknown>;
    for (const [key, value] of this.entries()) copy[key] = value;
    return copy as Partial<Data>;
  }

  /** Returns a field's value, and sets it to `value` first if there is none. */
  setDefault<K extends Key<Data>>(key: K, value: NonNullable<Data[K]>): NonNullable<Data[K]> {
    const present = this.get(key);
    if (present !== undefined) return present as NonNullable<Data[K]>;
    this.set(key, value);
    return value;
  }

  /** Deletes a field and returns its value; `fallback`, or `undefined`, when there was none. */
  pop<K extends Key<Data>>(key: K): Data[K] | undefined;
  pop<K extends Key<Data>, Fallback>(key: K, fallback: Fallback): NonNullable<Data[K]> | Fallback;
  pop(key: Key<Data>, fallback?: unknown): unknown {
    const value = this.get(key, fallback);
    this.delete(key);
    return value;
  }

  /** Deletes one of the fields and returns its name and value; `undefined` when there is none. */
  popItem(): [Key<Data>, Data[Key<Data>]] | undefined {
    const key = this.keys().at(-1);
    return key === undefined ? undefined : [key, this.pop(key)!];
  }

  /** Sets several fields. */
  assign(data: Partial<Data>): this {
    for (const key of Object.keys(data) as Key<Data>[]) this.set(key, data[key] as Data[Key<Data>]);
    return this;
  }

  /** Deletes all fields. Owner, flash messages and CSRF secret stay; `invalidate()` ends the session itself. */
  clear(): void {
    const state = this.#state;
    assertWritable(state);
    state.epoch.fields.clear();
  }

  /**
   * Stores fields although no change can be seen: all that this request has used, or one. Values that
   * were changed in place are noticed without it.
   */
  changed(key?: Key<Data>): void {
    const state = this.#state;
    assertWritable(state);
    for (const each of key === undefined ? this.keys() : [key])
      state.epoch.fields.markWritten(fieldName(checkKey(each)));
  }

  /**
   * The fields as a live object: `session.data.views = 1` is `session.set('views', 1)`.
   *
   * @example
   * ```ts
   * session.data.cart ??= [];
   * session.data.cart.push('book'); // noticed at the commit
   * ```
   */
  get data(): Partial<Data> {
    this.#data ??= new Proxy(new DataTarget(this), DATA_HANDLER) as unknown as Partial<Data>;
    return this.#data;
  }

  static {
    stateOf = (session) => (session as SessionDict).#state;
    sealSession = (session) => {
      (session as SessionDict).#sealed = true;
    };
    isSealed = (object) => #sealed in object && object.#sealed;
    guardMembers(SessionDict.prototype, isSealed);
    addForeignNames(SessionDict.prototype, isSealed);
    guardOtherNames(SessionDict.prototype, isSealed);
    // Shows fields in `console.log`, and never the id.
    Object.defineProperty(SessionDict.prototype, inspect.custom, {
      value(this: SessionDict): unknown {
        return { [this.constructor.name]: this.#state.phase === 'unloaded' ? 'not loaded' : this.toJSON() };
      },
    });
  }
}

export function checkKey(key: unknown): string {
  if (typeof key !== 'string' || key === '') throw expected('key', 'a non-empty string', key);
  if (!key.isWellFormed()) throw expected('key', 'text without lone surrogates', key);
  return key;
}

interface AnyData {
  [key: string]: unknown;
}

type AnyDict = SessionDict<AnyData>;

class DataTarget {
  readonly session: AnyDict;

  constructor(session: unknown) {
    this.session = session as AnyDict;
  }

  static {
    // Called on the view itself.
    Object.defineProperty(DataTarget.prototype, inspect.custom, {
      value(this: object): unknown {
        return { ...this };
      },
    });
  }
}

/** One handler for all sessions. Names of `Object.prototype` are ordinary fields: nothing is inherited. */
const DATA_HANDLER: ProxyHandler<DataTarget> = {
  get: ({ session }, key) => (typeof key === 'string' && key !== '' ? session.get(key) : undefined),
  set: ({ session }, key, value) => {
    if (typeof key !== 'string') return false;
    session.set(key, value);
    return true;
  },
  has: ({ session }, key) => typeof key === 'string' && key !== '' && session.has(key),
  deleteProperty: ({ session }, key) => {
    if (typeof key === 'string') session.delete(key);
    return true;
  },
  defineProperty: ({ session }, key, descriptor) => {
    if (typeof key !== 'string' || !('value' in descriptor)) return false;
    session.set(key, descriptor.value);
    return true;
  },
  ownKeys: ({ session }) => session.keys(),
  getOwnPropertyDescriptor: ({ session }, key) => {
    if (typeof key !== 'string' || key === '' || !session.has(key)) return undefined;
    return { value: session.get(key), writable: true, enumerable: true, configurable: true };
  },
  getPrototypeOf: () => null,
  setPrototypeOf: () => false,
};
