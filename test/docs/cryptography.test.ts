// That docs/cryptography.md describes the formats: each is computed here from what the page says, and from nothing else.
import assert from 'node:assert/strict';
import { createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test, vi } from 'vitest';
import { createSessionFactory, type Serializer, type SessionFactory } from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import { PageFiles } from '../support/page-files.ts';
import { Jar, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;

const SECRET = 'a secret of more than thirty-two bytes';
const page = readFileSync(fileURLToPath(new URL('../../docs/cryptography.md', import.meta.url)), 'utf8');

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const key = (label: string): Buffer => {
  assert.ok(page.includes(`\`${label}\` | `), `${label} is in the table of labels`);
  return hmac(SECRET, `websauna-session/1/${label}`);
};
const handleOf = (id: string): string => createHash('sha256').update(id).digest('base64url');

function parts(jar: Jar): { id: string; signature: string } {
  const value = jar.cookies.get('session')!;
  return { id: value.slice(0, -44), signature: value.slice(-43) };
}

function make(serializer?: Serializer): { factory: SessionFactory<Data>; store: MemoryStore } {
  const store = new MemoryStore();
  return {
    factory: createSessionFactory<Data>({ secret: SECRET, store, ...(serializer && { serializer }) }),
    store,
  };
}

describe('formats', () => {
  test('cookie, handle and owner hash', async () => {
    const { factory } = make();
    const jar = new Jar();
    const handle = await visit(factory, jar, (session) => session.set('a', 1) && session.login('alice')).then(() =>
      visit(factory, jar, (session) => session.handle),
    );
    const { id, signature } = parts(jar);
    assert.equal(signature, hmac(key('cookie'), id).toString('base64url'));
    assert.equal(handle, handleOf(id));
    assert.equal(id.split('.')[0], hmac(key('ownerHash'), 'alice').toString('base64url').slice(0, 16));
    assert.match(id, /^[\w-]{16}\.[\w-]{43}$/);
  });

  test('index key', async () => {
    const { factory, store } = make();
    const asked: string[] = [];
    const find = store.findOwnerHashes.bind(store);
    store.findOwnerHashes = async (indexKey) => {
      asked.push(indexKey);
      return await find(indexKey);
    };
    await factory.owners.listBy('sid', 'provider-7');
    const expected = hmac(key('indexKey'), JSON.stringify(['sid', 'provider-7']))
      .toString('base64url')
      .slice(0, 16);
    assert.deepEqual(asked, [expected]);
  });

  test('a hashed address and user agent', async () => {
    const store = new MemoryStore();
    const hashed = { clientAddress: 'hashed', userAgent: 'hashed' } as const;
    const factory = createSessionFactory<Data>({ secret: SECRET, store, ...hashed });
    await visit(factory, new Jar(), (session) => session.login('alice'), { headers: { 'user-agent': 'curl/8.1' } });
    const { meta } = (await store.scan().next()).value;
    const hash = (kind: string, text: string): string =>
      hmac(key('client'), JSON.stringify([kind, text]))
        .toString('base64url')
        .slice(0, 22);
    assert.equal(meta.agent, hash('agent', 'curl/8.1'));
  });

  test('the id after a rotation', async () => {
    const { factory, store } = make();
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('a', 1));
    const old = parts(jar).id;
    await visit(factory, jar, (session) => session.rotate());
    const tombstone = await store.load({ handle: handleOf(old), ownerHash: null });
    assert.ok(tombstone?.status === 'tombstone');
    assert.equal(Buffer.from(tombstone.nonce, 'base64url').length, 12);
    assert.equal(parts(jar).id, hmac(key('successor'), `${old} ${tombstone.nonce}`).toString('base64url'));
  });

  test('the CSRF token of a session that has no secret stored, and of one that was rotated', async () => {
    const { factory, store } = make();
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('a', 1));
    const { id } = parts(jar);
    const secretIn = (token: string): Buffer => {
      const bytes = Buffer.from(token, 'base64url');
      assert.deepEqual([token.length, bytes.length], [86, 64]);
      return Buffer.from(bytes.subarray(0, 32).map((byte, index) => byte ^ bytes[32 + index]!));
    };
    const token = await visit(factory, jar, (session) => session.getCsrfToken());
    const expected = hmac(key('csrf'), id);
    assert.deepEqual(secretIn(token), expected);
    await visit(factory, jar, (session) => session.rotate());
    const record = await store.load({ handle: handleOf(parts(jar).id), ownerHash: null });
    assert.ok(record?.status === 'found');
    assert.equal(record.fields['@c'], JSON.stringify(expected.toString('base64url')));
    assert.deepEqual(secretIn(await visit(factory, jar, (session) => session.getCsrfToken())), expected);
  });
});

describe('encrypted()', () => {
  const secret = randomBytes(32);

  test('a value has the format of the page', async () => {
    const { factory, store } = make(encrypted({ key: secret }));
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('cart', ['apples']));
    const handle = handleOf(parts(jar).id);
    const record = await store.load({ handle, ownerHash: null });
    assert.ok(record?.status === 'found');
    const stored = String(record.fields['cart']);
    assert.ok(stored.startsWith('e1.'));
    const bytes = Buffer.from(stored.slice(3), 'base64url');
    const head = bytes.subarray(0, 7);
    assert.equal(head[0], 0);
    assert.deepEqual(head.subarray(1), hmac(secret, 'websauna-session/e1/key-id').subarray(0, 6));
    const aesKey = hmac(secret, `websauna-session/e1/session ${handle}`);
    const decipher = createDecipheriv('aes-256-gcm', aesKey, bytes.subarray(7, 19));
    decipher.setAAD(Buffer.concat([Buffer.from('e1.'), head, Buffer.from(`${handle}\0cart`)]));
    decipher.setAuthTag(bytes.subarray(-16));
    const text = Buffer.concat([decipher.update(bytes.subarray(19, -16)), decipher.final()]).toString();
    assert.equal(text, '["apples"]');
  });

  test('metadata and names are not encrypted, and what the library stores for itself is', async () => {
    const { factory, store } = make(encrypted({ key: secret }));
    const jar = new Jar();
    await visit(factory, jar, (session) => {
      session.beginLogin('alice', { method: 'password' });
      session.flash('hello', 'news');
      session.newCsrfToken();
    });
    const scanned = (await store.scan().next()).value;
    const record = await store.load(scanned.key);
    assert.ok(record?.status === 'found');
    const names = Object.keys(record.fields).map((name) => name.replace(/:.*/, ''));
    assert.deepEqual(names.toSorted(), ['@c', '@fnews', '@p']);
    for (const value of Object.values(record.fields)) assert.match(String(value), /^e1\.[\w-]+$/);
    await visit(factory, jar, (session) => session.login('alice'));
    const owned = (await store.scan().next()).value;
    assert.equal(owned.meta.owner, 'alice');
  });

  test('it can be turned on with live sessions, by the code of the page', async () => {
    vi.stubEnv('SESSION_KEY', secret.toString('base64'));
    const files = new PageFiles('docs/cryptography.md');
    const { serializer } = (await files.load('serializer.ts')) as { serializer: Serializer };
    files.remove();
    vi.unstubAllEnvs();
    const sealed = encrypted({ key: secret });
    const store = new MemoryStore();
    const before = createSessionFactory<Data>({ secret: SECRET, store });
    const during = createSessionFactory<Data>({ secret: SECRET, store, serializer });
    const after = createSessionFactory<Data>({ secret: SECRET, store, serializer: sealed });
    const jar = new Jar();
    await visit(before, jar, (session) => session.set('a', 1).set('b', 2));
    assert.deepEqual(await visit(during, jar, (session) => session.set('b', 3).get('a')), 1);
    await visit(during, jar, (session) => session.rotate());
    assert.deepEqual(await visit(after, jar, (session) => [session.get('a'), session.get('b')]), [1, 3]);
    const other = new Jar();
    await visit(before, other, (session) => session.set('a', 1));
    const reasons: string[] = [];
    after.on('rejected', ({ reason }) => reasons.push(reason));
    assert.equal(await visit(after, other, (session) => session.get('a')), undefined);
    assert.deepEqual(reasons, ['corrupt']);
  });

  test('a lost key costs the data, and a removed one too', async () => {
    const store = new MemoryStore();
    const old = createSessionFactory<Data>({ secret: SECRET, store, serializer: encrypted({ key: secret }) });
    const fresh = randomBytes(32);
    const keys = [fresh, secret];
    const both = createSessionFactory<Data>({ secret: SECRET, store, serializer: encrypted({ keys }) });
    const next = createSessionFactory<Data>({ secret: SECRET, store, serializer: encrypted({ key: fresh }) });
    const [jar, other] = [new Jar(), new Jar()];
    for (const each of [jar, other]) await visit(old, each, (session) => session.set('a', 1));
    await visit(both, jar, (session) => session.rotate());
    assert.equal(await visit(next, jar, (session) => session.get('a')), 1);
    assert.equal(await visit(next, other, (session) => session.get('a')), undefined);
  });
});

test('a lost secret: cookies are refused, the owner is not found, and a purge removes the records', async () => {
  const { factory, store } = make();
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login('alice'));
  const other = createSessionFactory<Data>({ secret: 'another secret of thirty-two bytes', store });
  const reasons: string[] = [];
  other.on('rejected', ({ reason }) => reasons.push(reason));
  assert.equal(await visit(other, new Jar(jar), (session) => session.owner), null);
  assert.deepEqual(reasons, ['signature']);
  assert.deepEqual(await other.owners.list('alice'), []);
  assert.equal(store.size, 1);
  await other.sessions.purge({ olderThan: 0 });
  assert.equal(store.size, 0);
});
