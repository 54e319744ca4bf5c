// Sessions by the million. What the library stored for one session is restored under other names, so that the
// records are byte for byte what it writes; every five have an index, as the sessions of one owner do.
import { randomBytes } from 'node:crypto';
import { RESP_TYPES } from 'redis';
import { run } from './server.mjs';

const CRLF = Buffer.from('\r\n');
const OWNED = 5;
export const LIFE = 36_000_000;
/** Commands in one piece of input. */
export const BATCH = 2000;

/** A command as a server reads it. */
export function command(words) {
  const parts = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) parts.push(Buffer.from(`$${Buffer.byteLength(word)}\r\n`), Buffer.from(word), CRLF);
  return Buffer.concat(parts);
}

/** The stored form of some session whose name has this pattern. */
export async function dumpOf({ client }, pattern) {
  let cursor = '0';
  do {
    const page = await client.scan(cursor, { MATCH: pattern, COUNT: 1000, TYPE: 'hash' });
    if (page.keys.length > 0) {
      const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
      return await bytes.sendCommand(['DUMP', page.keys[0]]);
    }
    cursor = page.cursor;
  } while (cursor !== '0');
  throw new Error(`There is no session like ${pattern}`);
}

/** The sessions of owners whose keys begin so, with their indexes. */
function* owners(dump, starts, each) {
  let batch = [];
  for (const start of starts) {
    const entries = [];
    for (let i = 0; i < each; i++) {
      const handle = randomBytes(32).toString('base64url');
      batch.push(command(['RESTORE', start + handle, String(LIFE), dump]));
      entries.push(String(Date.now() * 1000 + i), handle);
    }
    batch.push(command(['ZADD', `${start}owner`, ...entries]), command(['PEXPIRE', `${start}owner`, String(LIFE)]));
    if (batch.length < BATCH) continue;
    yield Buffer.concat(batch);
    batch = [];
  }
  yield Buffer.concat(batch);
}

function* someStarts(count) {
  for (let i = 0; i < count; i++) yield startOf(randomBytes(12).toString('base64url'));
}

export function startOf(ownerHash) {
  return `session:{${ownerHash}}:`;
}

/** What the keys of an owner's sessions begin with, by the cookie of one of them. */
export function startOfCookie(cookie) {
  return startOf(cookie.slice(cookie.indexOf('=') + 1, cookie.indexOf('.')));
}

/** Adds about `count` owned sessions like the one that is dumped. */
export async function fill(server, dump, count) {
  await pipe(server, owners(dump, someStarts(Math.floor(count / OWNED)), OWNED));
}

/** Adds `each` sessions like the one that is dumped to each owner whose keys begin so. */
export async function fillOwners(server, dump, starts, each) {
  await pipe(server, owners(dump, starts, each));
}

/** Adds `count` sessions whose names end with a number of twelve digits, as redis-benchmark chooses them. */
export async function fillNumbered(server, dump, count, start) {
  const batches = function* () {
    for (let first = 0; first < count; first += 1000) {
      const length = Math.min(1000, count - first);
      const names = Array.from({ length }, (_, i) => start + String(first + i).padStart(12, '0'));
      yield Buffer.concat(names.map((name) => command(['RESTORE', name, String(LIFE), dump])));
    }
  };
  await pipe(server, batches());
}

/** Has a server carry out commands, in pieces of any length. */
export async function pipe({ port }, input) {
  const output = await run('redis-cli', ['-p', String(port), '--pipe'], input);
  if (!output.includes('errors: 0')) throw new Error(`The sessions were not accepted: ${output}`);
}
