import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { EXTRA_COMMANDS, STORE_COMMANDS, type ExtraOption } from '../../src/cli/doctor/permissions.ts';
import { CHECKS, examine } from '../../src/cli/doctor/checks.ts';
import type { Facts, ServerFacts } from '../../src/cli/doctor/facts.ts';
import { startRedis, startReplica, type RedisOptions, type RedisServer } from '../support/redis-server.ts';
import { startSentinel } from '../support/redis-sentinel.ts';
import { startProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { objects, run, type RunResult } from './run.ts';

const deployment = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8');
/** A server as the documentation wants it. */
const RECOMMENDED = { 'maxmemory-policy': 'noeviction', 'hash-max-listpack-value': '512', appendonly: 'yes' };
const PASSWORD = 'a-long-password';

const toStop: { stop(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((each) => each.stop()));
});

async function keep<T extends { stop(): unknown }>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  toStop.push(started);
  return started;
}

const start = (config: RedisOptions['config'] = {}): Promise<RedisServer> =>
  keep(startRedis({ password: PASSWORD, config: { ...RECOMMENDED, ...config } }));

async function keepConnection({ host, port }: RedisServer): Promise<Socket> {
  const socket = connect({ host, port });
  await once(socket, 'connect');
  return socket;
}

interface Examined extends RunResult {
  /** By check. */
  readonly found: ReadonlyMap<string, Record<string, unknown>>;
}

async function examineUrl(url: string, ...args: string[]): Promise<Examined> {
  const result = await run(['doctor', '--redis', url, '--json', ...args]);
  return { ...result, found: new Map(objects(result.stdout).map((each) => [each['check'] as string, each])) };
}

/** Returns the checks that are not content. */
function complaints({ found }: Examined): Record<string, unknown> {
  return Object.fromEntries(
    [...found].filter(([, { status }]) => status !== 'ok').map(([name, { status }]) => [name, status]),
  );
}

async function addUser(server: RedisServer, ...rules: string[]): Promise<string> {
  await server.cli('ACL', 'SETUSER', 'app', 'reset', 'on', `>${PASSWORD}`, ...rules);
  return server.url.replace('//:', '//app:');
}

/** What options need in addition. */
const EXTRAS = (Object.keys(EXTRA_COMMANDS) as ExtraOption[]).flatMap((option) =>
  EXTRA_COMMANDS[option].map((command) => [command, option] as const),
);

/** The rules of the documentation, for this prefix, without the user. */
const documented = /^ACL SETUSER websauna on \S+ ([^`]+)/m.exec(deployment)![1]!.trim().split(/\s+/);

describe('doctor', () => {
  it('finds nothing wrong with a server as it is recommended, and changes nothing', async () => {
    const server = await start();
    const url = await addUser(server, 'allkeys', 'allchannels', '+@all');
    const examined = await examineUrl(url, '--strict', '--publish-ends', '--audit', '--publish-events');
    expect(examined).toMatchObject({ code: 0, stderr: '' });
    expect(complaints(examined)).toEqual({});
    expect([...examined.found.keys()]).toEqual(
      CHECKS.map(({ name }) => name).filter((name) => !/cluster|replicas/.test(name)),
    );
    expect(await server.cli('DBSIZE')).toBe(0);
  });

  it('prints for people, in colour on terminals only', async () => {
    const server = await start({ 'hash-max-listpack-value': '64' });
    const args = ['doctor', '--redis', server.url];
    const { code, stdout } = await run(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^warning {2}hashes {7}hash-max-listpack-value 64: sessions need more memory than they have to\n {22}Set /m,
    );
    expect(stdout).toMatch(/\n0 problems, 2 warnings, 0 unknown\.\n$/);
    expect(stdout).not.toContain('\u001b');
    expect((await run(args, { tty: true })).stdout).toContain('\u001b[33mwarning\u001b[39m');
  });

  it('exits with 3 when the server cannot be reached', async () => {
    const server = await start();
    const { url } = server;
    await server.stop();
    expect(await run(['doctor', '--redis', url])).toMatchObject({ code: 3, stdout: '' });
  });

  it('exits with 3 and says so when the password is wrong', async () => {
    const server = await start();
    const { code, stderr } = await run(['doctor', '--redis', server.url.replace(PASSWORD, 'another')]);
    expect(code).toBe(3);
    expect(stderr).toContain('authentication failed');
    expect(stderr).not.toContain('another');
  });

  it('exits with 1 when the sessions are not in Redis', async () => {
    const module = new URL('fixtures/memory-factory.mjs', import.meta.url).pathname;
    const { code, stderr } = await run(['doctor', '--factory', module]);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('not in Redis') as string });
  });
});

describe('doctor finds a server', () => {
  it('without a password', async () => {
    const server = await keep(startRedis({ config: RECOMMENDED }));
    expect(complaints(await examineUrl(server.url))).toEqual({ access: 'warning' });
  });

  it('that is used as the default user', async () => {
    const server = await start();
    expect(complaints(await examineUrl(server.url))).toEqual({ access: 'warning' });
    expect(await examineUrl(server.url, '--strict')).toMatchObject({ code: 1 });
  });

  it('that evicts, and how often it has', async () => {
    const server = await start({ 'maxmemory-policy': 'allkeys-random' });
    const used = /used_memory:(\d+)/.exec(String(await server.cli('INFO', 'memory')))![1];
    await server.cli('CONFIG', 'SET', 'maxmemory', String(Number(used) + 1_000_000));
    await waitFor('an eviction', async () => {
      for (let i = 0; i < 200; i += 1) await server.cli('SET', `k${i}`, 'x'.repeat(10_000));
      return Number(/evicted_keys:(\d+)/.exec(String(await server.cli('INFO', 'stats')))![1]) > 0;
    });
    const examined = await examineUrl(server.url);
    expect(examined.code).toBe(1);
    expect(examined.found.get('eviction')).toMatchObject({
      status: 'problem',
      message: expect.stringMatching(/^allkeys-random ends sessions at random .* has ended \d+ keys/) as string,
    });
  });

  it('that would evict if it had a limit', async () => {
    const server = await start({ 'maxmemory-policy': 'volatile-lru' });
    expect(complaints(await examineUrl(server.url))).toMatchObject({ eviction: 'warning' });
  });

  it('that is full', async () => {
    const server = await start();
    await server.cli('SET', 'ballast', 'x'.repeat(4_000_000));
    await server.cli('CONFIG', 'SET', 'maxmemory', '4mb');
    expect(complaints(await examineUrl(server.url))).toMatchObject({ memory: 'problem' });
  });

  it('whose hashes are not compact', async () => {
    const server = await start({ 'hash-max-listpack-value': '64' });
    expect(complaints(await examineUrl(server.url))).toMatchObject({ hashes: 'warning' });
  });

  it.each([
    ['nothing', { save: '' }, 'none: a restart'],
    ['snapshots only', { save: '3600 1' }, 'snapshots only (3600 1)'],
  ])('that writes %s to disk', async (_, config, message) => {
    const server = await start({ appendonly: 'no', ...config });
    expect((await examineUrl(server.url)).found.get('persistence')).toMatchObject({
      status: 'warning',
      message: expect.stringContaining(message) as string,
    });
  });

  it('whose disk cannot be written', async () => {
    const server = await start({ appendonly: 'no', save: '3600 100' });
    await server.cli('SET', 'key', 'value');
    // A folder cannot be replaced by the file of a snapshot.
    mkdirSync(join(server.dir, 'dump.rdb', 'full'), { recursive: true });
    await server.cli('BGSAVE');
    await waitFor('the snapshot to fail', async () =>
      String(await server.cli('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
    );
    expect(complaints(await examineUrl(server.url))).toMatchObject({ persistence: 'problem' });
    rmSync(join(server.dir, 'dump.rdb'), { recursive: true });
  });

  it('that is a replica', async () => {
    const master = await start();
    const replica = await keep(startReplica(master, { config: RECOMMENDED }));
    const examined = await examineUrl(replica.url);
    expect(complaints(examined)).toMatchObject({ role: 'problem' });
    expect(examined.found.get('permissions')).toMatchObject({ status: 'ok' });
  });

  it('that waits for replicas that it does not have', async () => {
    const server = await start({ 'min-replicas-to-write': '1' });
    expect(complaints(await examineUrl(server.url))).toMatchObject({ replicas: 'problem' });
  });

  it('with few connections left', async () => {
    const server = await start({ maxclients: '4' });
    const others = await Promise.all([keepConnection(server), keepConnection(server)]);
    expect(complaints(await examineUrl(server.url))).toMatchObject({ connections: 'warning' });
    for (const other of others) other.destroy();
  });

  it('that is far away', async () => {
    const server = await start();
    const proxy = await startProxy(server);
    toStop.push({ stop: () => proxy.close() });
    proxy.delay(30);
    const near = await examineUrl(server.url);
    const far = await examineUrl(server.url.replace(`:${server.port}`, `:${proxy.port}`));
    expect(near.found.get('latency')).toMatchObject({ status: 'ok' });
    expect(far.found.get('latency')).toMatchObject({ status: 'warning' });
  });

  it('that is a sentinel', async () => {
    const sentinel = await keep(startSentinel());
    const [{ host, port }] = sentinel.addresses as [{ host: string; port: number }];
    const examined = await examineUrl(`redis://${host}:${port}`);
    expect(examined.code).toBe(1);
    expect(complaints(examined)).toMatchObject({ version: 'problem' });
  });
});

describe('doctor compares clocks', () => {
  const server: ServerFacts = {
    address: 'the server',
    info: new Map(),
    settings: new Map(),
    cluster: undefined,
    user: undefined,
    isOpen: undefined,
    denied: [],
    clockOffset: 0,
    roundTrips: [1],
  };
  const facts: Facts = {
    prefix: 'session:',
    cluster: false,
    channels: [],
    options: [],
    subscriptions: [],
    servers: [],
  };

  it.each([
    [999, 'ok', '999 ms'],
    [-1_500, 'warning', '1.5 s'],
    [40_000, 'problem', '40.0 s'],
    [undefined, 'unknown', 'TIME'],
  ])('that differ by %s ms: %s', (clockOffset, status, message) => {
    const findings = examine({ ...facts, servers: [{ ...server, clockOffset }] });
    const { message: text, status: found } = findings.find(({ check }) => check === 'clock')!;
    expect(found).toBe(status);
    expect(text).toContain(message);
  });

  it('of servers that agree in one finding, and of others each by itself', () => {
    const servers = [0, 0, 5_000].map((clockOffset, i) => ({ ...server, address: `host${i}:6379`, clockOffset }));
    const clocks = examine({ ...facts, servers }).filter(({ check }) => check === 'clock');
    expect(clocks.map((finding) => [finding.status, finding.servers])).toEqual([
      ['ok', ['host0:6379', 'host1:6379']],
      ['warning', ['host2:6379']],
    ]);
  });
});

describe('doctor checks permissions', () => {
  it('which the documentation lists', async () => {
    const listed = documented.filter((rule) => rule.startsWith('+')).map((rule) => rule.slice(1));
    expect(STORE_COMMANDS.toSorted()).toEqual(listed.toSorted());
    const server = await start();
    const url = await addUser(server, ...documented, '+scan');
    const examined = await examineUrl(url);
    expect(examined.found.get('permissions')).toMatchObject({ status: 'ok' });
    // What this user may not look at is unknown, not wrong.
    expect(examined.code).toBe(0);
    expect(complaints(examined)).toMatchObject({ version: 'unknown', hashes: 'unknown' });
    expect(await examineUrl(url, '--strict')).toMatchObject({ code: 1 });
  });

  it('which the documentation lists for options', () => {
    for (const option of ['audit', 'stats'] as const) {
      const line = deployment
        .split('\n')
        .find((each) =>
          each.endsWith(`for [\`${option}\`](operations.md#${option === 'audit' ? 'audit-trail' : 'statistics'})`),
        )!;
      const listed = [...line.matchAll(/`\+(\w+)`/g)].map(([, command]) => command!);
      expect(EXTRA_COMMANDS[option].toSorted()).toEqual(listed.toSorted());
    }
  });

  it.each(STORE_COMMANDS.filter((name) => name !== 'ping' && name !== 'time'))('and misses %s', async (command) => {
    const server = await start();
    const url = await addUser(server, '~session:*', '+@all', `-${command}`);
    const permissions = (await examineUrl(url)).found.get('permissions')!;
    expect(permissions).toMatchObject({ status: 'problem', advice: `Allow +${command} with ACL SETUSER` });
    expect(permissions['message']).toContain(`refuses ${command}:`);
  });

  it('and misses the keys', async () => {
    const server = await start();
    const url = await addUser(server, '~other:*', '+@all');
    const { code, found } = await examineUrl(url);
    expect(code).toBe(1);
    expect(found.get('permissions')).toMatchObject({ status: 'problem', advice: 'Allow ~session:* with ACL SETUSER' });
    expect((await examineUrl(url, '--prefix', 'other:')).found.get('permissions')).toMatchObject({ status: 'ok' });
  });

  it('and misses the channel of ends, if they are published', async () => {
    const server = await start();
    const url = await addUser(server, '~session:*', 'resetchannels', '+@all');
    expect((await examineUrl(url)).found.get('permissions')).toMatchObject({ status: 'ok' });
    expect((await examineUrl(url, '--publish-ends')).found.get('permissions')).toMatchObject({
      status: 'problem',
      advice: 'Allow &session:ends with ACL SETUSER',
    });
  });

  it.each(EXTRAS)('and misses %s for %s, if that is used', async (command, option) => {
    const server = await start();
    const url = await addUser(server, '~session:*', '+@all', `-${command}`);
    expect((await examineUrl(url)).found.get('permissions')).toMatchObject({ status: 'ok' });
    const examined = await examineUrl(url, `--${option}`);
    expect(examined.code).toBe(1);
    const permissions = examined.found.get('permissions')!;
    expect(permissions).toMatchObject({ status: 'problem', advice: `Allow +${command} with ACL SETUSER` });
    expect(permissions['message']).toContain(`refuses ${command} for ${option}: `);
    expect(await server.cli('DBSIZE')).toBe(0);
  });

  it.each([
    ['audit', '~session:{stats}:*'],
    ['stats', '~session:{????????????????}:*'],
  ])('and misses the keys of %s, if that is used', async (option, others) => {
    const server = await start();
    const url = await addUser(server, '~session:doctor:*', others, '+@all');
    const both = (await examineUrl(url, '--audit', '--stats')).found.get('permissions')!;
    expect(both).toMatchObject({ status: 'problem', advice: 'Allow ~session:* with ACL SETUSER' });
    expect(both['message']).toContain(`refuses evalsha for ${option}: `);
    const other = option === 'audit' ? '--stats' : '--audit';
    expect((await examineUrl(url, other)).found.get('permissions')).toMatchObject({
      status: 'ok',
      message: `every command that the library uses is allowed, also for ${other.slice(2)}`,
    });
  });

  it('of the options that the environment names', async () => {
    const server = await start();
    const url = await addUser(server, '~session:*', '+@all', '-xadd', '-pfcount');
    const env = { REDIS_SESSIONS_URL: url, REDIS_SESSIONS_AUDIT: 'true', REDIS_SESSIONS_STATS: 'true' };
    const { stdout } = await run(['doctor', '--json'], { env });
    const permissions = objects(stdout).find(({ check }) => check === 'permissions')!;
    expect(permissions).toMatchObject({ advice: 'Allow +xadd +pfcount with ACL SETUSER' });
    expect(permissions['message']).toContain('refuses xadd for audit, pfcount for stats: ');
  });

  it('and misses publish for the ends', async () => {
    const server = await start();
    const url = await addUser(server, '~session:*', '&*', '+@all', '-publish');
    const { found } = await examineUrl(url, '--publish-ends');
    expect(found.get('permissions')).toMatchObject({
      status: 'problem',
      message: expect.stringContaining('refuses publish for redis.publishEnds: ') as string,
      advice: 'Allow +publish with ACL SETUSER',
    });
    expect(found.get('messages')).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['the command', ['&*', '+@all', '-subscribe']],
    ['the channel', ['resetchannels', '+@all']],
  ])('and misses what receives the ends: %s', async (_, rules) => {
    const server = await start();
    const url = await addUser(server, '~session:*', ...rules);
    expect((await examineUrl(url)).found.has('messages')).toBe(false);
    const examined = await examineUrl(url, '--publish-ends');
    expect(examined.code).toBe(1);
    expect(examined.found.get('messages')).toMatchObject({
      status: 'problem',
      message: expect.stringMatching(/^nothing arrives from session:ends for redis.publishEnds: NOPERM/) as string,
      advice: 'Allow +subscribe &session:ends with ACL SETUSER',
    });
  });

  it('and misses what publishes and receives the events of processes', async () => {
    const server = await start();
    const url = await addUser(server, '~session:*', 'resetchannels', '&session:ends', '+@all');
    expect(complaints(await examineUrl(url, '--stats', '--publish-ends'))).toEqual({});
    const { code, found } = await examineUrl(url, '--publish-events', '--publish-ends');
    expect(code).toBe(1);
    expect(found.get('permissions')).toMatchObject({
      status: 'problem',
      message: expect.stringContaining('refuses publish for stats.publishEvents: ') as string,
      advice: 'Allow &session:events with ACL SETUSER',
    });
    expect(found.get('messages')).toMatchObject({
      status: 'problem',
      message: expect.stringMatching(/^nothing arrives from session:events for stats.publishEvents: NOPERM/) as string,
      advice: 'Allow +subscribe &session:events with ACL SETUSER',
    });
  });

  it('and misses scan, which only tools need', async () => {
    const server = await start();
    const url = await addUser(server, ...documented);
    expect((await examineUrl(url)).found.get('permissions')).toMatchObject({ status: 'warning' });
  });
});
