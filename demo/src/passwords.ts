import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** What a hash costs those who guess passwords, and the server; see `crypto.scrypt`. */
export interface PasswordCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** OWASP's password storage cheat sheet: this takes 32 MiB. */
export const PASSWORD_COST: PasswordCost = { N: 2 ** 15, r: 8, p: 3 };
const KEY_BYTES = 32;

export interface PasswordHash {
  /** Kept with the hash, so that those from before a change of the cost still count. */
  readonly cost: PasswordCost;
  readonly salt: Buffer;
  readonly key: Buffer;
}

export async function hashPassword(password: string, cost: PasswordCost = PASSWORD_COST): Promise<PasswordHash> {
  const salt = randomBytes(16);
  return { cost, salt, key: await deriveKey(password, salt, cost) };
}

export async function isPassword(password: string, { cost, salt, key }: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await deriveKey(password, salt, cost), key);
}

async function deriveKey(password: string, salt: Buffer, cost: PasswordCost): Promise<Buffer> {
  // scrypt takes 128 * N * r bytes, and Node refuses to come near the limit.
  const options = { ...cost, maxmem: 256 * cost.N * cost.r };
  return await derive(password.normalize('NFKC'), salt, KEY_BYTES, options);
}
