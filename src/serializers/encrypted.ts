import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { SessionError } from '../errors.ts';
import { checkNames, expected, isObject } from '../internal/validate.ts';
import { json } from './json.ts';
import type { Serializer, SerializerContext } from './serializer.ts';

/** A key: 32 random bytes, as they are or in base64, base64url or hexadecimal. */
export type EncryptionKey = Uint8Array | string;

/** Exactly one of `key` and `keys`. */
export interface EncryptedOptions {
  /** The only key. */
  key?: EncryptionKey;
  /** The first encrypts, all decrypt: put a new key first, and drop an old one when all sessions of its time have ended. */
  keys?: readonly EncryptionKey[];
  /** What turns values into text or bytes before they are encrypted. Default JSON. */
  serializer?: Serializer;
}

// A stored value is `e1.` and base64url of: the kind of text inside (1 byte), the key's id (6), the
// nonce (12), the ciphertext, the authentication tag (16).
const VERSION = 'e1.';
const KEY_ID_BYTES = 6;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES;
const OVERHEAD = HEAD_BYTES + NONCE_BYTES + TAG_BYTES;
const KIND_STRING = 0;
const KIND_BYTES = 1;
const KEY_BYTES = 32;
const KEY_ADVICE = 'Make one with `openssl rand -base64 32`';

interface Key {
  readonly id: Buffer;
  readonly secret: KeyObject;
}

/**
 * A serializer that encrypts and authenticates every field: AES-256-GCM with a random 96-bit nonce, the
 * session's handle and the field's name being associated data (NIST SP 800-38D). An attacker who can write to
 * the store can neither read a value, nor change one, nor move one to another field or session.
 *
 * Every session has an AES key of its own, derived from the key and the session's handle, because random
 * nonces are safe for 2^32 values under one key, and a busy site writes more.
 *
 * @param options - `key`, or `keys` when keys are being replaced; `serializer` in place of JSON.
 * @throws TypeError when there is no key, or a key is not 32 bytes. The serializer itself throws a
 * SessionError `ERR_SESSION_SERIALIZE` for a stored value that is not its own.
 * @example
 * ```ts
 * const factory = createSessionFactory({ secret, redis, serializer: encrypted({ key: process.env.SESSION_KEY! }) });
 * ```
 */
export function encrypted(options: EncryptedOptions): Serializer {
  checkNames('', options, ['key', 'keys', 'serializer']);
  const keys = readKeys(options);
  const inner = options.serializer === undefined ? json : options.serializer;
  if (!isObject(inner) || typeof inner.serialize !== 'function' || typeof inner.deserialize !== 'function') {
    throw expected('serializer', 'an object with serialize() and deserialize()', inner);
  }
  const byId = new Map(keys.map((key) => [key.id.toString('latin1'), key]));
  return {
    boundToHandle: true,
    check(value, field) {
      inner.check?.(value, field);
    },
    serialize(value, context) {
      return encrypt(keys[0]!, inner.serialize(value, context), context);
    },
    deserialize(stored, context) {
      return inner.deserialize(decrypt(byId, stored, context), context);
    },
    stableForm(value, context) {
      return inner.stableForm?.(value, context) ?? inner.serialize(value, context);
    },
  };
}

function encrypt(key: Key, plain: string | Uint8Array, context: SerializerContext): string {
  const head = Buffer.concat([Buffer.of(typeof plain === 'string' ? KIND_STRING : KIND_BYTES), key.id]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sessionKey(key, context), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(head, context));
  const text = Buffer.concat([cipher.update(typeof plain === 'string' ? Buffer.from(plain) : plain), cipher.final()]);
  return VERSION + Buffer.concat([head, nonce, text, cipher.getAuthTag()]).toString('base64url');
}

function decrypt(keys: ReadonlyMap<string, Key>, stored: unknown, context: SerializerContext): string | Uint8Array {
  if (typeof stored !== 'string' || !stored.startsWith(VERSION)) throw refused(context, 'it is not an encrypted value');
  const encoded = stored.slice(VERSION.length);
  const bytes = Buffer.from(encoded, 'base64url');
  // Decoding is lenient, and a changed value must not pass because the change was in what it skips.
  if (bytes.length < OVERHEAD || bytes.toString('base64url') !== encoded) throw refused(context, 'it is damaged');
  const head = bytes.subarray(0, HEAD_BYTES);
  const key = keys.get(head.toString('latin1', 1));
  if (key === undefined) throw refused(context, 'it was made with a key that is not among `keys`');
  const nonce = bytes.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
  const cipher = createDecipheriv('aes-256-gcm', sessionKey(key, context), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(head, context));
  cipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const plain = Buffer.concat([cipher.update(bytes.subarray(HEAD_BYTES + NONCE_BYTES, -TAG_BYTES)), cipher.final()]);
    return head[0] === KIND_STRING ? plain.toString() : plain;
  } catch {
    throw refused(context, 'it was changed, or belongs to another field or session');
  }
}

function sessionKey(key: Key, { handle }: SerializerContext): Buffer {
  return createHmac('sha256', key.secret).update('websauna-session/e1/session ').update(handle).digest();
}

/**
 * Handles have no NUL, all have one length, which is not that of a version, and the field's name comes last: no two
 * contexts give the same bytes.
 */
function associatedData(head: Uint8Array, { handle, field, version }: SerializerContext): Buffer {
  const schema = version === undefined ? '' : `v${version}\0`;
  return Buffer.concat([Buffer.from(VERSION), head, Buffer.from(`${schema}${handle}\0${field}`)]);
}

function refused({ field }: SerializerContext, why: string): SessionError {
  const message = `Cannot decrypt the stored value of session field \`${field.slice(0, 100)}\`: ${why}`;
  return new SessionError('ERR_SESSION_SERIALIZE', message);
}

function readKeys({ key, keys }: EncryptedOptions): Key[] {
  if (key !== undefined && keys !== undefined) {
    throw new TypeError('Expected `key` or `keys`, got both. Put the key first in `keys`');
  }
  if (keys === undefined) return [readKey('key', key)];
  if (!Array.isArray(keys) || keys.length === 0) throw expected('keys', 'a non-empty array of keys', keys, KEY_ADVICE);
  return keys.map((each, index) => readKey(`keys[${index}]`, each));
}

function readKey(name: string, value: unknown): Key {
  const bytes = value instanceof Uint8Array ? value : typeof value === 'string' ? decodeKey(value) : undefined;
  if (bytes?.length !== KEY_BYTES) {
    throw expected(name, '32 bytes, as a Uint8Array or in base64, base64url or hexadecimal', value, KEY_ADVICE);
  }
  if (bytes.every((byte) => byte === bytes[0])) {
    throw new TypeError(`Expected \`${name}\` to be 32 random bytes, got the same byte 32 times. ${KEY_ADVICE}`);
  }
  const secret = createSecretKey(bytes);
  const id = createHmac('sha256', secret).update('websauna-session/e1/key-id').digest().subarray(0, KEY_ID_BYTES);
  return { id, secret };
}

function decodeKey(text: string): Buffer | undefined {
  if (/^[\da-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  return /^[\w+/-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}
