import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, afterEach, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { scripts, type ScriptName } from '../../src/stores/redis/scripts.generated.ts';
import { startProcess, type NodeProcess } from '../support/processes.ts';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';
import { Jar, visit } from '../support/visit.ts';
import type { Factory } from './person.ts';

// The process of a site ends between two commands; another process of the same site goes on.

const OLD = 'the secret of the site before it changed its secret';
const NEW = 'the secret that the site has now, after the change';

let cluster: RedisCluster;
let given: GivenClient;
/** The process that goes on. */
let other: Factory;
let site: NodeProcess;
let kills = 0;
const begun = performance.now();

beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
  given = await CLUSTER_CLIENTS['node-redis 6']!(cluster);
  other = createSessionFactory({ secret: [NEW, OLD], redis: { client: given.client }, rotationGrace: 5 });
});
afterAll(async () => {
  console.log(`processes killed in the middle: ${kills} in ${Math.round(performance.now() - begun)} ms`);
  await given?.close();
  await cluster?.stop();
});
beforeEach(async () => {
  const env = { SITE: JSON.stringify({ urls: cluster.urls, secret: [NEW, OLD] }) };
  site = await startProcess(new URL('fixtures/site.mjs', import.meta.url), { env });
});
afterEach(() => site?.kill());

async function get(jar: Jar, path: string): Promise<unknown> {
  const { header } = jar;
  const response = await fetch(site.url + path, header === undefined ? {} : { headers: { cookie: header } });
  assert.equal(response.status, 200);
  jar.take(response.headers.getSetCookie());
  return await response.json();
}

/** The process ends before or after it runs a script, in the middle of a request. */
async function killedAt(when: 'before' | 'after', script: ScriptName, jar: Jar, path: string): Promise<void> {
  await get(new Jar(), `/gate?when=${when}&sha=${scripts[script].sha}`);
  const request = get(jar, path);
  await site.match(/^at the gate$/m);
  await Promise.all([site.kill(), assert.rejects(request, TypeError)]);
  kills += 1;
}

async function withCart(): Promise<{ jar: Jar; cart: string }> {
  const [jar, cart] = [new Jar(), randomUUID()];
  await get(jar, `/cart?cart=${cart}`);
  return { jar, cart };
}

const read = (jar: Jar): Promise<{ owner: string | null; cart: unknown }> =>
  visit(other, new Jar(jar), (session) => ({ owner: session.owner, cart: session.get('cart') ?? null }));

/** Waits until what is left of an unacknowledged session has expired. */
async function expectTrial(owner: string, devices: number): Promise<void> {
  const listed = await other.owners.list(owner);
  assert.equal(listed.length, devices);
  for (const { handle } of listed) {
    const keys = await Promise.all((await cluster.masters()).map((node) => node.cli('KEYS', `*${handle}`)));
    const [key] = keys.flat() as string[];
    const left = Number(await cluster.cli(key!, 'PTTL', key!));
    assert.ok(left > 0 && left <= 15_000, `it lives for ${left} ms`);
    await cluster.cli(key!, 'PEXPIRE', key!, '0');
  }
  assert.deepEqual(await other.owners.list(owner), []);
}

test('C6: in a login, before the old session was ended: it is as it was, and can log in', async () => {
  const { jar, cart } = await withCart();
  const owner = randomUUID();
  await killedAt('before', 'deleteRotated', jar, `/login?owner=${owner}`);
  assert.deepEqual(await read(jar), { owner: null, cart });
  await expectTrial(owner, 1);
  await visit(other, jar, (session) => session.login(owner));
  assert.deepEqual(await read(jar), { owner, cart });
  assert.equal((await other.owners.list(owner)).length, 1);
});

test('C6: killed in a login after the old session was ended: neither opens, and the client can log in', async () => {
  const { jar } = await withCart();
  const owner = randomUUID();
  await killedAt('after', 'deleteRotated', jar, `/login?owner=${owner}`);
  assert.deepEqual(await read(jar), { owner: null, cart: null });
  await expectTrial(owner, 1);
  await visit(other, jar, (session) => session.login(owner));
  assert.equal((await read(jar)).owner, owner);
});

test('C6: killed in a rotation: before it the old id opens the session, after it leads to the new one', async () => {
  const before = await withCart();
  await killedAt('before', 'deleteRotated', before.jar, '/rotate');
  assert.deepEqual(await read(before.jar), { owner: null, cart: before.cart });
  site = await startProcess(new URL('fixtures/site.mjs', import.meta.url), {
    env: { SITE: JSON.stringify({ urls: cluster.urls, secret: [NEW, OLD] }) },
  });
  const after = await withCart();
  await killedAt('after', 'deleteRotated', after.jar, '/rotate');
  assert.deepEqual(await read(after.jar), { owner: null, cart: after.cart });
});

test.each(['before', 'after'] as const)('C6: in the rotation of an owned session, %s it happened', async (when) => {
  const { jar, cart } = await withCart();
  const owner = randomUUID();
  await get(jar, `/login?owner=${owner}`);
  await killedAt(when, 'rekey', jar, '/rotate');
  assert.deepEqual(await read(jar), { owner, cart });
  assert.equal((await other.owners.list(owner)).length, 1);
  assert.equal(await other.owners.revoke(owner), 1);
  assert.deepEqual(await read(jar), { owner: null, cart: null });
});

test('C7: killed in a revocation between two secrets: not acknowledged, and another one is complete', async () => {
  const owner = randomUUID();
  const before = createSessionFactory({ secret: OLD, redis: { client: given.client } });
  const [old, recent] = [new Jar(), new Jar()];
  await visit(before, old, (session) => session.login(owner));
  await visit(other, recent, (session) => session.login(owner));
  // A process asks for the server's time with its first change: not this one.
  await withCart();
  await killedAt('after', 'revoke', new Jar(), `/revoke?owner=${owner}`);
  assert.deepEqual([(await read(old)).owner, (await read(recent)).owner], [null, owner]);
  assert.equal(await other.owners.revoke(owner), 1);
  assert.deepEqual([(await read(old)).owner, (await read(recent)).owner], [null, null]);
  assert.deepEqual(await other.owners.list(owner), []);
});
