import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { startProcess } from '../support/processes.ts';
import { waitFor } from '../support/wait-for.ts';
import { Jar, visit } from '../support/visit.ts';
import { objects, run, type RunOptions, type RunResult } from './run.ts';

const secret = 'a secret that all processes of a site share';

let server: RedisServer;
let factory: SessionFactory;
beforeAll(async () => {
  server = await startRedis();
  factory = createSessionFactory({ secret, redis: { url: server.url, socketTimeout: 20 }, userAgent: 'full' });
  await waitFor('a connection', async () => (await factory.owners.list('nobody')).length === 0);
});
afterAll(async () => {
  await factory?.close();
  await server?.stop();
});
beforeEach(async () => {
  await server.cli('FLUSHALL');
});

/** Runs a command with the environment of the application. */
function tool(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return run(args, { ...options, env: { REDIS_URL: server.url, SESSION_SECRET: secret, ...options.env } });
}

async function login(owner: string, index: Record<string, string> = {}): Promise<string> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login(owner, { method: 'password', index }));
  return await visit(factory, jar, (session) => session.handle);
}

async function visitor(): Promise<string> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('cart', 'a value that nothing shows'));
  return await visit(factory, jar, (session) => session.handle);
}

const handles = (stdout: string): unknown[] => objects(stdout).map(({ handle }) => handle);

describe('the configuration', () => {
  it('is asked for when there is none', async () => {
    const { code, stderr } = await run(['list']);
    expect(code).toBe(2);
    expect(stderr).toContain('pass --redis <url> or --factory <module>, or set REDIS_URL');
  });

  it('is taken from REDIS_SESSIONS_ variables, and overridden by --redis and --prefix', async () => {
    await visitor();
    const env = { REDIS_SESSIONS_URL: server.url, REDIS_SESSIONS_SECRET: secret, REDIS_SESSIONS_PREFIX: 'other:' };
    expect(await run(['list'], { env })).toMatchObject({ code: 0, stdout: 'No sessions.\n' });
    const overridden = await run(['list', '--json', '--prefix', 'session:'], { env });
    expect(objects(overridden.stdout)).toHaveLength(1);
    const elsewhere = { REDIS_SESSIONS_URL: 'redis://127.0.0.1:1' };
    expect(objects((await run(['list', '--json', '--redis', server.url], { env: elsewhere })).stdout)).toHaveLength(1);
  });

  it('that is wrong is a mistake of usage', async () => {
    expect(await tool(['list'], { env: { REDIS_SESSIONS_TIMEUOT: '1' } })).toMatchObject({ code: 2 });
    expect((await tool(['list'], { env: { REDIS_SESSIONS_TIMEUOT: '1' } })).stderr).toContain('REDIS_SESSIONS_TIMEOUT');
    expect(await tool(['list'], { env: { SESSION_SECRET: 'short' } })).toMatchObject({ code: 2 });
    expect(await tool(['list', '--factory', './nothing.mjs'])).toMatchObject({ code: 2 });
    const module = new URL('fixtures/topology-factory.mjs', import.meta.url).pathname;
    expect((await tool(['list', '--factory', module])).stderr).toContain('to export a session factory');
    expect(await tool(['list', '--factory', module, '--redis', server.url])).toMatchObject({ code: 2 });
  });

  it('needs the secret to find sessions by owner, and not otherwise', async () => {
    const handle = await login('alice');
    const env = { SESSION_SECRET: undefined };
    expect(await tool(['list', 'alice'], { env })).toMatchObject({ code: 2, stdout: '' });
    expect(handles((await tool(['list', '--json'], { env })).stdout)).toEqual([handle]);
    expect(await tool(['revoke', handle, '--yes'], { env })).toMatchObject({ code: 0 });
    expect(await factory.owners.list('alice')).toEqual([]);
  });

  it('leads to exit code 3 when the store cannot be reached', async () => {
    const env = { REDIS_URL: 'redis://127.0.0.1:1', REDIS_SESSIONS_SOCKET_TIMEOUT: '0.2' };
    for (const args of [['list'], ['stats'], ['show', 'x'.repeat(43)], ['purge', '--older-than', '1d'], ['tail']]) {
      expect(await run(args, { env })).toMatchObject({ code: 3, stdout: '' });
    }
  });
});

describe('list', () => {
  it('lists the sessions of an owner, and of an index', async () => {
    const [first, second] = [await login('alice', { sid: 'one' }), await login('alice', { sid: 'two' })];
    await login('bob');
    expect(handles((await tool(['list', 'alice', '--json'])).stdout)).toEqual([first, second]);
    expect(handles((await tool(['list', '--by', 'sid=two', '--json'])).stdout)).toEqual([second]);
    expect(await tool(['list', 'carol'])).toMatchObject({ code: 0, stdout: 'No sessions.\n' });
    expect(await tool(['list', 'alice', '--by', 'sid=two'])).toMatchObject({ code: 2 });
  });

  it('prints a table with times, and no value of a field', async () => {
    const handle = await login('alice');
    await visitor();
    const { stdout } = await tool(['list']);
    expect(stdout).toMatch(/^HANDLE +OWNER +METHOD +SINCE +LAST SEEN +ADDRESS +AGENT\n/);
    expect(stdout).toMatch(new RegExp(String.raw`^${handle}  alice  password  \d{4}-\d\d-\d\dT[\d:]+Z  `, 'm'));
    expect(stdout).not.toContain('nothing shows');
  });

  it('stops at the limit, and says that there are more', async () => {
    for (let i = 0; i < 3; i += 1) await visitor();
    const some = await tool(['list', '--limit', '2', '--json']);
    expect(objects(some.stdout)).toHaveLength(2);
    expect(some.stderr).toContain('There are more than these 2');
    const all = await tool(['list', '--limit', '3', '--json']);
    expect(all).toMatchObject({ stderr: '' });
    expect(objects((await tool(['list', '--limit', '0', '--json'])).stdout)).toHaveLength(3);
    expect(await tool(['list', '--limit', '-1'])).toMatchObject({ code: 2 });
  });

  it('does not let a user agent command the terminal', async () => {
    const jar = new Jar();
    const headers = { 'user-agent': 'evil\u001b]0;title\u0007 \u202e' };
    await visit(factory, jar, (session) => session.login('alice'), { headers });
    const { stdout } = await tool(['list', 'alice'], { tty: true, env: { NO_COLOR: '1' } });
    expect(stdout).toContain('evil?]0;title? ?');
    for (const character of ['\u001b', '\u0007', '\u202e']) expect(stdout).not.toContain(character);
  });
});

describe('show', () => {
  it('shows one session, with and without its owner', async () => {
    const handle = await login('alice');
    for (const more of [[], ['--owner', 'alice']]) {
      const { code, stdout } = await tool(['show', handle, '--json', ...more]);
      expect(code).toBe(0);
      expect(objects(stdout)).toMatchObject([{ handle, owner: 'alice', method: 'password', timeout: 1200 }]);
    }
    expect((await tool(['show', handle])).stdout).toMatch(/^owner {12}alice\n.*^timeout {10}1200 s\n/ms);
  });

  it.each(['-', '--'])('takes a handle that begins with %s for one', async (beginning) => {
    const handle = beginning.padEnd(43, 'x');
    expect(await tool(['show', handle, '--owner', 'alice'])).toMatchObject({ code: 1, stdout: '' });
    expect(await tool(['show', '--owner', 'alice', handle])).toMatchObject({ code: 1, stdout: '' });
    expect(await tool(['revoke', '--owner', 'alice', '--except', handle, '--yes'])).toMatchObject({ code: 0 });
  });

  it('exits with 1 when there is none, and with 2 for what is no handle, which it does not repeat', async () => {
    expect(await tool(['show', 'x'.repeat(43)])).toMatchObject({ code: 1, stdout: '' });
    const cookie = await tool(['show', 's3cr3t-cookie.value']);
    expect(cookie.code).toBe(2);
    expect(cookie.stderr).not.toContain('s3cr3t');
  });
});

describe('revoke', () => {
  it('shows what it would end, asks, and ends it when the answer is yes', async () => {
    const handle = await login('alice');
    const refused = await tool(['revoke', '--owner', 'alice'], { tty: true, input: 'n\n' });
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain(handle);
    expect(refused.stderr).toContain('End 1 sessions of this owner, and any that begin meanwhile? [y/N]');
    expect(refused.stderr).toContain('Nothing was ended.');
    expect(await factory.owners.list('alice')).toHaveLength(1);
    // The input ends without an answer.
    expect(await tool(['revoke', '--owner', 'alice'], { tty: true })).toMatchObject({ code: 1 });
    const agreed = await tool(['revoke', '--owner', 'alice'], { tty: true, input: 'yes\n' });
    expect(agreed.code).toBe(0);
    expect(agreed.stdout).toContain('Ended 1 session.');
    expect(await factory.owners.list('alice')).toEqual([]);
  });

  it('refuses to act without a terminal or --yes', async () => {
    await login('alice');
    for (const more of [[], ['--json']]) {
      expect(await tool(['revoke', '--owner', 'alice', ...more], { tty: more.length > 0 })).toMatchObject({ code: 2 });
    }
    expect(await factory.owners.list('alice')).toHaveLength(1);
    expect((await tool(['revoke', '--owner', 'alice', '--dry-run', '--json'])).code).toBe(0);
    expect(await factory.owners.list('alice')).toHaveLength(1);
  });

  it('ends one session, anonymous or with an owner', async () => {
    const [one, other, anonymous] = [await login('alice'), await login('alice'), await visitor()];
    expect(objects((await tool(['revoke', one, '--owner', 'alice', '--yes', '--json'])).stdout)).toEqual([
      { ended: 1 },
    ]);
    expect(await tool(['revoke', anonymous, '--yes'])).toMatchObject({ code: 0 });
    expect(await tool(['revoke', anonymous, '--yes'])).toMatchObject({ code: 1 });
    expect((await factory.owners.list('alice')).map(({ handle }) => handle)).toEqual([other]);
    expect(await factory.sessions.get(anonymous)).toBeUndefined();
  });

  it('spares a session, and ends those of an index', async () => {
    const [spared, ended] = [await login('alice', { sid: 'one' }), await login('alice', { sid: 'two' })];
    const result = await tool(['revoke', '--owner', 'alice', '--except', spared, '--yes']);
    expect(result.stdout).toContain(ended);
    expect(result.stdout).not.toContain(spared);
    expect((await factory.owners.list('alice')).map(({ handle }) => handle)).toEqual([spared]);
    expect(objects((await tool(['revoke', '--by', 'sid=one', '--yes', '--json'])).stdout)).toEqual([{ ended: 1 }]);
    expect(await factory.owners.list('alice')).toEqual([]);
  });

  it.each([
    [[]],
    [['x'.repeat(43), '--by', 'a=b']],
    [['--owner', 'a', '--by', 'a=b']],
    [['--by', 'sid']],
    [['--except', 'x']],
  ])('exits with 2 for %j', async (args) => {
    expect(await tool(['revoke', '--yes', ...args])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('purge', () => {
  it('counts, asks, and ends what is old', async () => {
    await Promise.all([login('alice'), login('bob'), visitor()]);
    expect(objects((await tool(['purge', '--older-than', '1h', '--dry-run', '--json'])).stdout)).toMatchObject([
      { found: 0 },
    ]);
    expect(await tool(['purge', '--older-than', '1h', '--yes'])).toMatchObject({
      code: 0,
      stdout: 'Ended 0 sessions.\n',
    });
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const refused = await tool(['purge', '--before', tomorrow], { tty: true, input: 'no\n' });
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stdout).toMatch(/^3 sessions began before /);
    expect(await tool(['purge', '--before', tomorrow], { tty: true, input: 'y\n' })).toMatchObject({ code: 0 });
    expect((await tool(['list'])).stdout).toBe('No sessions.\n');
  });

  it('goes by the clock of the store, not by the clock here', async () => {
    await login('alice');
    const now = Date.now.bind(Date);
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() - 60_000);
    onTestFinished(() => clock.mockRestore());
    expect(await tool(['purge', '--older-than', '0', '--yes'])).toMatchObject({ stdout: 'Ended 1 sessions.\n' });
  });

  it.each([
    [[]],
    [['--older-than', '1w']],
    [['--before', 'yesterday']],
    [['--older-than', '1d', '--before', '2026-01-01']],
  ])('exits with 2 for %j', async (args) => {
    expect(await tool(['purge', '--yes', ...args])).toMatchObject({ code: 2, stdout: '' });
  });

  it('shows progress on a terminal, beside the output', async () => {
    for (let i = 0; i < 10; i += 1) await Promise.all(Array.from({ length: 55 }, visitor));
    const dry = await tool(['purge', '--older-than', '1h', '--dry-run'], { tty: true });
    expect(dry.stderr).toContain('Looked at 500 sessions, of which 0 are older');
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const { stdout, stderr } = await tool(['purge', '--before', tomorrow, '--yes'], { tty: true });
    expect(stderr).toContain('Ended 500 sessions');
    expect(stdout).toBe('Ended 550 sessions.\n');
    expect((await tool(['purge', '--before', tomorrow, '--yes'])).stderr).toBe('');
  });
});

describe('stats', () => {
  it('counts what there is', async () => {
    await Promise.all([login('alice'), login('alice'), login('bob'), visitor()]);
    const { stdout } = await tool(['stats', '--json']);
    expect(objects(stdout)).toMatchObject([
      {
        sessions: 4,
        owned: 3,
        anonymous: 1,
        owners: 2,
        seenWithin: { minute: 4, hour: 4, day: 4 },
        methods: { password: 3 },
      },
    ]);
    expect((await tool(['stats'])).stdout).toMatch(
      /^sessions +4\n {2}without an owner +1\n {2}with an owner +3\nowners +2\n/,
    );
  });
});

describe('tail', () => {
  it('prints ends and rotations of other processes until it is interrupted', async () => {
    const other = createSessionFactory({ secret, redis: { url: server.url, publishEnds: true } });
    const jar = new Jar();
    await visit(other, jar, (session) => session.login('alice'));
    const before = await visit(other, jar, (session) => session.handle);
    let interrupt!: () => void;
    const interrupted = new Promise<void>((resolve) => (interrupt = resolve));
    let printed = '';
    let act: (() => void) | undefined;
    const listening = new Promise<void>((resolve) => (act = resolve));
    let done: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => (done = resolve));
    const tailing = tool(['tail', '--json'], {
      interrupted,
      onOutput(text) {
        printed += text;
        if (printed.includes('Listening to the ends')) act!();
        if (printed.includes('"revoked"')) done!();
      },
    });
    await listening;
    await visit(other, jar, (session) => session.rotate());
    const after = await visit(other, jar, (session) => session.handle);
    await other.owners.revoke('alice');
    await ended;
    interrupt();
    const { code, stdout } = await tailing;
    await other.close();
    expect(code).toBe(0);
    expect(objects(stdout)).toMatchObject([
      { event: 'rotated', handle: before, successor: after },
      { event: 'ended', handle: after, reason: 'revoked' },
    ]);
  });

  it('prints the other events of a process that shares them, and its ends once', async () => {
    const stats = { publishEvents: true, flushInterval: 0.1 };
    const env = { SITE: JSON.stringify({ url: server.url, secret, stats }) };
    const fixture = new URL('../integration/audit/fixtures/happens.mjs', import.meta.url);
    const other = await startProcess(fixture, { env });
    let interrupt!: () => void;
    const interrupted = new Promise<void>((resolve) => (interrupt = resolve));
    let printed = '';
    const tailing = tool(['tail', '--json'], { interrupted, onOutput: (text) => (printed += text) });
    const printing = (text: string): Promise<true> => waitFor(text, () => printed.includes(text));
    try {
      await printing('Listening to the ends');
      await printing('Listening to the events that processes with stats.publishEvents share');
      const handle = await (await fetch(`${other.url}/login/zoe`)).text();
      await printing('"login"');
      await fetch(`${other.url}/reject/600`);
      await printing('"missed"');
      await fetch(`${other.url}/revoke/zoe`);
      await printing('"ended"');
      await fetch(`${other.url}/login/yves`);
      await waitFor('the next login', () => printed.split('"login"').length > 2);
      interrupt();
      const lines = objects((await tailing).stdout);
      const of = lines.filter((line) => line['handle'] === handle);
      expect(of).toMatchObject([
        { event: 'created', reason: null },
        { event: 'login', reason: null },
        { event: 'ended', reason: 'revoked' },
      ]);
      const rejections = lines.filter(({ event, reason }) => event === 'rejected' && reason === 'malformed').length;
      const missed = lines.filter(({ event }) => event === 'missed').reduce((sum, { count }) => sum + Number(count), 0);
      expect(rejections + missed).toBe(600);
      for (const { at } of lines) expect(Math.abs(Date.parse(String(at)) - Date.now())).toBeLessThan(60_000);
    } finally {
      interrupt();
      await other.stop();
    }
  });

  it('says what is missing when the factory does not publish ends', async () => {
    const module = new URL('fixtures/silent-factory.mjs', import.meta.url).pathname;
    vi.stubEnv('TEST_REDIS', server.url);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { code, stderr } = await tool(['tail', '--factory', module]);
    expect(code).toBe(1);
    expect(stderr).toContain('redis.publishEnds');
  });
});
