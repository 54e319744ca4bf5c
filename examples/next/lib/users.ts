import { scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(scrypt) as (password: string, salt: string, length: number) => Promise<Buffer>;

/** Two users of the example, with the salts and hashes of their passwords, which are `sauna`. */
const USERS: Readonly<Record<string, { salt: string; hash: string }>> = {
  alice: { salt: 'HOsjSSptEJNY', hash: 'CCVLhDzQo3bbteOh4o6nkZDS_YtefDQjhdtFtPDyQN8' },
  bob: { salt: 'D0oyqxnEQ8uM', hash: 'a0p-wYEJxIAorSWc4hJJUvK8TvsLsKE2n1nxzclT--E' },
};
const UNKNOWN_USER = { salt: '', hash: '' };

/** Returns the user's id; `null` for another name or password. */
export async function checkPassword(name: string, password: string): Promise<string | null> {
  const known = Object.hasOwn(USERS, name);
  const { salt, hash } = known ? USERS[name]! : UNKNOWN_USER;
  // An unknown name must not be answered sooner.
  const given = await derive(password, salt, 32);
  const expected = Buffer.alloc(32);
  Buffer.from(hash, 'base64url').copy(expected);
  return timingSafeEqual(given, expected) && known ? name : null;
}
