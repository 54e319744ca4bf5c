import { isStored, type Stored } from '../store.ts';
import { MisdirectedReplyError } from './errors.ts';

/**
 * Names and values of a hash. Has no `Object.prototype` behind it, whose `__proto__` swallows a field of
 * that name; is a class, because objects from `Object.create(null)` are slower.
 */
class Hash {
  [name: string]: Stored;
  /** Code units or bytes of all names and values. */
  #length = 0;

  static parse(items: readonly unknown[]): Hash {
    const hash = new Hash();
    let length = 0;
    for (let i = 0; i < items.length; i += 2) {
      const name = items[i];
      const value = items[i + 1];
      if (!isStored(name) || !isStored(value)) throw new MisdirectedReplyError();
      hash[String(name)] = value;
      length += name.length + value.length;
    }
    hash.#length = length;
    return hash;
  }

  static lengthOf(hash: object): number | undefined {
    return #length in hash ? hash.#length : undefined;
  }
}
Object.setPrototypeOf(Hash.prototype, null);
Reflect.deleteProperty(Hash.prototype, 'constructor');

/** Converts a reply to HGETALL, alternating names and values. */
export function parseHash(reply: unknown): Record<string, Stored> {
  if (!Array.isArray(reply) || reply.length % 2 !== 0) throw new MisdirectedReplyError();
  return Hash.parse(reply as readonly unknown[]);
}

/** Returns the code units or bytes of all names and values of a hash, if it is one that {@link parseHash} returned. */
export function lengthOfHash(hash: Readonly<Record<string, Stored>>): number | undefined {
  return Hash.lengthOf(hash);
}
