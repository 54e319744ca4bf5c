import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { Jar, visit } from '../support/visit.ts';
import { objects, run, type RunResult } from './run.ts';

const secret = 'a secret that all processes of a site share';

let server: RedisServer;
let factory: SessionFactory;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await server.cli('FLUSHALL');
  factory = createSessionFactory({ secret, redis: { url: server.url, socketTimeout: 20 }, audit: true, stats: true });
  return () => factory.close();
});

function tool(args: readonly string[], env: Record<string, string | undefined> = {}): Promise<RunResult> {
  return run(args, { env: { REDIS_URL: server.url, SESSION_SECRET: secret, ...env } });
}

async function login(owner: string): Promise<string> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login(owner, { method: 'password' }));
  return await visit(factory, jar, ({ handle }) => handle);
}

describe('audit', () => {
  it('prints what happened to the sessions of an owner, newest first', async () => {
    const handle = await login('alice');
    await factory.owners.revoke('alice', { by: 'admin 7' });
    await login('bob');
    const { code, stdout } = await tool(['audit', 'alice']);
    expect(code).toBe(0);
    const [head, ...lines] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^TIME +EVENT +HANDLE +BEFORE +METHOD +BY$/);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(new RegExp(`^[\\d-]+T[\\d:]+Z +revoked +${handle} +- +- +admin 7$`));
    expect(lines[1]).toMatch(new RegExp(`login +${handle} +- +password +-$`));
    expect(objects((await tool(['audit', 'alice', '--json'])).stdout)).toMatchObject([
      { event: 'revoked', handle, previous: null, method: null, by: 'admin 7' },
      { event: 'login', handle, previous: null, method: 'password', by: null },
    ]);
    expect((await tool(['audit', 'nobody'])).stdout).toBe('No entries.\n');
  });

  it('prints as many as --limit says, over several pages, and what is newer than --since', async () => {
    for (let i = 0; i < 130; i++) await login('alice');
    const count = async (...args: string[]): Promise<number> =>
      objects((await tool(['audit', 'alice', '--json', ...args])).stdout).length;
    expect(await count()).toBe(100);
    expect(await count('--limit', '0')).toBe(130);
    expect(await count('--limit', '105')).toBe(105);
    expect(await count('--since', '1h', '--limit', '0')).toBe(130);
    expect(await count('--since', '0')).toBe(0);
    expect(await count('--since', '2000-01-01', '--limit', '3')).toBe(3);
    expect((await tool(['audit', 'alice', '--limit', '3'])).stderr).toContain('raise --limit');
  });

  it.each([
    [['audit'], 'Expected <owner>'],
    [['audit', 'alice', '--since', 'yesterday'], 'Expected --since to be seconds'],
    [['audit', 'alice', '--since', '2026-99-01'], 'Expected --since to be a duration, or an ISO 8601 time'],
    [['audit', 'alice', '--limit', 'x'], 'Expected --limit'],
  ])('%j is wrong', async (args, message) => {
    const { code, stderr } = await tool(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('needs the secret', async () => {
    const { code, stderr } = await tool(['audit', 'alice'], { SESSION_SECRET: undefined });
    expect([code, stderr]).toEqual([2, expect.stringContaining('Expected SESSION_SECRET to be set')]);
  });

  it('has what the command line ends itself, where the environment says that there are trails', async () => {
    const env = { REDIS_SESSIONS_URL: server.url, REDIS_SESSIONS_AUDIT: 'true' };
    const handle = await login('alice');
    await tool(['revoke', handle, '--owner', 'alice', '--yes'], env);
    await login('alice');
    await tool(['revoke', '--owner', 'alice', '--yes'], env);
    await login('alice');
    await tool(['purge', '--older-than', '0', '--yes'], env);
    const trail = await factory.audit.read({ owner: 'alice' });
    expect(trail.map(({ event, by }) => [event, by])).toEqual(
      Array.from({ length: 3 }, () => [
        ['revoked', 'command line'],
        ['login', null],
      ]).flat(),
    );
  });
});

describe('stats of an application that counts', () => {
  it('are what it has counted, without a scan', async () => {
    await login('alice');
    await visit(factory, new Jar(), (session) => session.set('a', 1));
    await factory.stats();
    // Not counted, so that only a scan finds it.
    const other = createSessionFactory({ secret, redis: { url: server.url, socketTimeout: 20 } });
    await visit(other, new Jar(), (session) => session.login('carol'));
    await other.close();
    const { stdout, stderr } = await tool(['stats', '--json']);
    expect(stderr).toBe('');
    expect(objects(stdout)).toMatchObject([
      { sessions: 2, owned: 1, anonymous: 1, lastHour: { created: 2, login: 1 } },
    ]);
    const text = (await tool(['stats'])).stdout;
    expect(text).toMatch(/^sessions +2\n  without an owner +1\n  with an owner +1\nstandard error +\d\.\d %\n/);
    expect(text).toMatch(/^last hour: login +1$/m);
    expect(objects((await tool(['stats', '--scan', '--json'])).stdout)).toMatchObject([{ sessions: 3, owners: 2 }]);
  });

  it('are those of a scan where nothing was counted, and it says so', async () => {
    const other = createSessionFactory({ secret, redis: { url: server.url, socketTimeout: 20 } });
    await visit(other, new Jar(), (session) => session.login('carol'));
    await other.close();
    const { stdout, stderr } = await tool(['stats', '--json']);
    expect(stderr).toContain('going through all sessions');
    expect(objects(stdout)).toMatchObject([{ sessions: 1, owned: 1 }]);
  });
});
