import * as crypto from 'node:crypto';
import { createHash, createHmac, createSecretKey, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';

/** Length of a SHA-256 in base64url. */
export const DIGEST_LENGTH = 43;
/** Length of an owner hash. */
export const OWNER_HASH_LENGTH = 16;

/** 128 bits. */
const CLIENT_HASH_LENGTH = 22;

const REMEMBERED_OWNERS = 10_000;

/** Keys that serve different purposes never share their bytes: each is derived under a label of its own. */
interface Keys {
  readonly cookie: KeyObject;
  readonly ownerHash: KeyObject;
  readonly successor: KeyObject;
  readonly csrf: KeyObject;
  readonly indexKey: KeyObject;
  readonly client: KeyObject;
}

function deriveKeys(secret: string): Keys {
  const derive = (label: string): KeyObject =>
    createSecretKey(createHmac('sha256', secret).update(`websauna-session/1/${label}`).digest());
  return {
    cookie: derive('cookie'),
    ownerHash: derive('ownerHash'),
    successor: derive('successor'),
    csrf: derive('csrf'),
    indexKey: derive('indexKey'),
    client: derive('client'),
  };
}

function mac(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
}

/** Returns a session's public name: the store, logs and tools know sessions by this alone. */
export function handleOf(id: string): string {
  return sha256(id);
}

/** Returns whether {@link handleOf} can return this. */
export function isHandle(handle: unknown): handle is string {
  return typeof handle === 'string' && /^[\w-]{43}$/.test(handle);
}

/** In one call where the runtime has it: a third of the time. */
const sha256: (text: string) => string =
  typeof crypto.hash === 'function'
    ? (text) => crypto.hash('sha256', text, 'base64url')
    : (text) => createHash('sha256').update(text).digest('base64url');

/** Returns 256 bits from a CSPRNG, base64url. */
export function randomId(): string {
  return randomBytes(32).toString('base64url');
}

/** Derives everything that depends on the application's secrets. The first secret signs, all verify. */
export class Keyring {
  readonly #keys: readonly Keys[];
  /** Owners by owner hash: every request of an owned session checks that they match. */
  readonly #owners = new Map<string, string>();

  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map(deriveKeys);
  }

  sign(id: string): string {
    return mac(this.#keys[0]!.cookie, id);
  }

  /** Returns the index of the secret that signed, or -1. Constant time in the signature's content. */
  verify(id: string, signature: string): number {
    return this.#keys.findIndex((keys) => equal(mac(keys.cookie, id), signature));
  }

  /** Returns the owner hash for new logins of an owner. */
  ownerHash(owner: string): string {
    return mac(this.#keys[0]!.ownerHash, owner).slice(0, OWNER_HASH_LENGTH);
  }

  /** Returns whether this is the owner's hash under any of the secrets. */
  isOwnerHashOf(ownerHash: string, owner: string): boolean {
    if (this.#owners.get(ownerHash) === owner) return true;
    if (!this.ownerHashes(owner).includes(ownerHash)) return false;
    if (this.#owners.size === REMEMBERED_OWNERS) this.#owners.clear();
    this.#owners.set(ownerHash, owner);
    return true;
  }

  /**
   * Returns the owner's hash under each secret, the newest secret's last. A caller that visits them in this order also
   * meets a session that a login rekeys meanwhile: it moves to the hash that comes last.
   */
  ownerHashes(owner: string): string[] {
    return this.#keys.map((keys) => mac(keys.ownerHash, owner).slice(0, OWNER_HASH_LENGTH)).toReversed();
  }

  /** Returns the index key of a name and a value under each secret; the first is the one to store. */
  indexKeys(name: string, value: string): string[] {
    return this.#keys.map((keys) => mac(keys.indexKey, JSON.stringify([name, value])).slice(0, OWNER_HASH_LENGTH));
  }

  /** Returns a hash of a client's address or user agent, by which equal ones can be recognised under one first secret. */
  clientHash(kind: 'address' | 'agent', text: string): string {
    return mac(this.#keys[0]!.client, JSON.stringify([kind, text])).slice(0, CLIENT_HASH_LENGTH);
  }

  /** Returns the random part of the id that a rotation of `id` leads to, under each secret; the first is the one to use. */
  successors(id: string, nonce: string): string[] {
    return this.#keys.map((keys) => mac(keys.successor, `${id} ${nonce}`));
  }

  /** Returns the CSRF secret of a session that has none stored, under each secret. */
  csrf(id: string): string[] {
    return this.#keys.map((keys) => mac(keys.csrf, id));
  }
}
