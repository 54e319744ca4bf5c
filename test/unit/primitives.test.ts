// What ids, tokens and comparisons are made of: `node:crypto`, watched.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type * as Crypto from 'node:crypto';

const made: string[] = [];
const compared: [string, string][] = [];

vi.mock('node:crypto', async (importOriginal) => {
  const crypto = await importOriginal<typeof Crypto>();
  const randomBytes = (size: number): Buffer => {
    const bytes = crypto.randomBytes(size);
    made.push(bytes.toString('base64url'));
    return bytes;
  };
  const timingSafeEqual = (a: NodeJS.ArrayBufferView, b: NodeJS.ArrayBufferView): boolean => {
    compared.push([latin1(a), latin1(b)]);
    return crypto.timingSafeEqual(a, b);
  };
  const watched = { ...crypto, randomBytes, timingSafeEqual };
  return { ...watched, default: watched };
});

const latin1 = (bytes: NodeJS.ArrayBufferView): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

const { createSessionFactory } = await import('websauna-session');
const { MemoryStore } = await import('websauna-session/memory');
const { Jar, visit } = await import('../support/visit.ts');

const SECRET = 'a secret of more than thirty-two bytes';
const store = new MemoryStore();
const factory = createSessionFactory<Record<string, unknown>>({ secret: SECRET, store });

beforeEach(() => {
  made.length = 0;
  compared.length = 0;
});

/** The id of a cookie without the owner's hash and without the signature. */
function randomPart(jar: InstanceType<typeof Jar>): string {
  return jar.cookies.get('session')!.split('.').at(-2)!;
}

describe('ids', () => {
  it('of new sessions and of logins are 32 bytes of a CSPRNG, base64url, and nothing else', async () => {
    const jar = new Jar();
    for (const act of ['write', 'login', 'login again', 'rotate without grace'] as const) {
      made.length = 0;
      await visit(factory, jar, (session) => {
        session.set('name', 'alice@example.com');
        if (act.startsWith('login')) session.login('alice');
        if (act.startsWith('rotate')) session.rotate({ grace: false });
      });
      expect([act, ...made]).toEqual([act, randomPart(jar)]);
      expect(made[0]).toHaveLength(43);
    }
  });

  it('of a rotation are made from 96 fresh bits under the secret, and the store has only those', async () => {
    const jar = new Jar();
    const nonces: string[] = [];
    class WatchedStore extends MemoryStore {
      override async rekey(...args: Parameters<typeof store.rekey>): ReturnType<typeof store.rekey> {
        nonces.push(args[2].tombstone!.nonce);
        return await super.rekey(...args);
      }
    }
    const watched = createSessionFactory<Record<string, unknown>>({ secret: SECRET, store: new WatchedStore() });
    await visit(watched, jar, (session) => session.set('a', 1));
    const seen = new Set([randomPart(jar)]);
    for (let i = 0; i < 5; i++) {
      made.length = 0;
      await visit(watched, jar, (session) => session.rotate());
      expect(made).toEqual([nonces.at(-1)]);
      expect(Buffer.from(nonces.at(-1)!, 'base64url')).toHaveLength(12);
      expect(randomPart(jar)).toHaveLength(43);
      seen.add(randomPart(jar));
    }
    expect([seen.size, new Set(nonces).size]).toEqual([6, 5]);
  });
});

describe('comparisons in constant time', () => {
  it('of the signature of a cookie', async () => {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('a', 1));
    const cookie = jar.cookies.get('session')!;
    const [id = '', signature = ''] = cookie.split('.');
    const forged = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    for (const given of [forged, signature]) {
      compared.length = 0;
      const fresh = createSessionFactory({ secret: SECRET, store });
      await visit(fresh, new Jar(), () => {}, { headers: { cookie: `session=${id}.${given}` } });
      expect(compared).toEqual([[signature, given]]);
    }
  });

  it('of a CSRF token', async () => {
    const jar = new Jar();
    const token = await visit(factory, jar, (session) => session.newCsrfToken());
    const wrong = `${token.slice(0, 60)}${token[60] === 'A' ? 'B' : 'A'}${token.slice(61)}`;
    for (const [given, verdict] of [
      [token, true],
      [wrong, false],
    ] as const) {
      compared.length = 0;
      expect(await visit(factory, jar, (session) => session.verifyCsrfToken(given))).toBe(verdict);
      const secrets = compared.filter(([a]) => a.length === 32);
      expect(secrets.map(([a, b]) => a === b)).toEqual([verdict]);
    }
  });
});
