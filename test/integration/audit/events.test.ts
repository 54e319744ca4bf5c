import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type ForeignEvent } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { SECRET, record, started, useFactories, type Factory } from '../../contract/consistency/factories.ts';
import { CommandWatch } from '../../support/command-watch.ts';
import { startProcess, type NodeProcess } from '../../support/processes.ts';
import { collectUncaught } from '../../support/uncaught.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit } from '../../support/visit.ts';
import { waitFor } from '../../support/wait-for.ts';

const STATS = { publishEvents: true, flushInterval: 600 };

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.cli('FLUSHALL'));

/** What a factory hears of others. */
class Heard {
  readonly events: ForeignEvent[] = [];
  missed = 0;
  readonly states: string[] = [];

  static async of(factory: Factory): Promise<Heard & { stop: () => void }> {
    const heard = new Heard();
    const stop = await factory.watchEvents({
      happened: (events, missed) => {
        heard.events.push(...events);
        heard.missed += missed;
      },
      resumed: () => heard.states.push('resumed'),
      failed: () => heard.states.push('failed'),
    });
    await waitFor('the subscription', () => heard.states.at(-1) === 'resumed');
    return Object.assign(heard, { stop });
  }

  get words(): string[] {
    return this.events.map(({ name, reason }) => (reason === null ? name : `${name} ${reason}`));
  }

  async until(count: number): Promise<void> {
    await waitFor(`${count} events`, () => this.events.length >= count);
  }
}

const rejected = (factory: Factory): Promise<unknown> =>
  visit(factory, new Jar(), () => {}, { headers: { cookie: 'session=nonsense' } });

let store: MemoryStore | undefined;
const STORES = {
  memory: () => ({ store: (store ??= new MemoryStore()) }),
  Redis: () => ({ redis: { url: server.url, socketTimeout: 20 } }),
};

describe.each(Object.entries(STORES))('events of other processes: %s', (_, where) => {
  const { open, pair } = useFactories((options) => createSessionFactory({ secret: SECRET, ...where(), ...options }));

  test('arrive with name, reason, handle and time, in their order; own ones do not, nor what most requests do', async () => {
    const [one, two] = pair({ stats: STATS });
    const [heard, own] = [await Heard.of(one), await Heard.of(two)];
    const logins = record(two, 'login', 'created');
    const before = Date.now();
    const jar = await started(two);
    await visit(two, jar, (session) => session.set('a', 1));
    await visit(two, jar, (session) => session.login('alice', { method: 'password' }));
    await two.owners.revoke('alice');
    await rejected(two);
    await two.stats();
    await heard.until(5);
    expect(heard.words).toEqual(['created', 'login', 'revoked', 'destroyed revoked', 'rejected malformed']);
    expect(heard.missed).toBe(0);
    const [created, login, revoked, destroyed, refused] = heard.events;
    expect(created!.handle).toBe(logins.created[0]!.handle);
    expect([login, revoked, destroyed].map((event) => event!.handle)).toEqual(Array(3).fill(logins.login[0]!.handle));
    expect(refused!.handle).toBeNull();
    expect(new Set(heard.events.map(({ source }) => source)).size).toBe(1);
    for (const { at } of heard.events) {
      expect(at.getTime()).toBeGreaterThan(before - 2000);
      expect(at.getTime()).toBeLessThan(Date.now() + 2000);
    }
    expect(heard.events.map(({ at }) => at.getTime())).toEqual(
      heard.events.map(({ at }) => at.getTime()).toSorted((a, b) => a - b),
    );
    expect(own.events).toEqual([]);
  });

  test('are bounded between two reports, and what was left out is counted; one kind hides no other', async () => {
    const [one, two] = pair({ stats: STATS });
    const heard = await Heard.of(one);
    for (let i = 0; i < 70; i++) await rejected(two);
    await visit(two, new Jar(), (session) => session.login('alice'));
    await two.stats();
    await heard.until(51);
    expect(heard.words.filter((each) => each === 'rejected malformed')).toHaveLength(50);
    expect(heard.words.at(-1)).toBe('login');
    await expect.poll(() => heard.missed).toBe(20);
    await rejected(two);
    await two.stats();
    await heard.until(52);
    expect(heard.missed).toBe(20);
  });

  test('do not arrive after the end of the watch, nor after the factory is closed', async () => {
    const [one, two] = pair({ stats: STATS });
    const three = open({ stats: STATS });
    const [stopped, closed, last] = [await Heard.of(one), await Heard.of(three), await Heard.of(one)];
    stopped.stop();
    await three.close();
    await rejected(two);
    await two.stats();
    await last.until(1);
    expect([stopped.events, closed.events]).toEqual([[], []]);
  });

  test('arrive though another listener throws, which is an uncaught exception; a listener can be of a class', async () => {
    const [one, two] = pair({ stats: STATS });
    class Counter {
      events = 0;
      isResumed = false;
      happened(events: readonly ForeignEvent[]): void {
        this.events += events.length;
        throw new Error(`mine, ${this.events}`);
      }
      resumed(): void {
        this.isResumed = true;
      }
    }
    const counter = new Counter();
    await one.watchEvents(counter);
    await waitFor('the subscription', () => counter.isResumed);
    const heard = await Heard.of(one);
    const uncaught = collectUncaught();
    try {
      for (const count of [1, 2]) {
        await rejected(two);
        await two.stats();
        await heard.until(count);
        await waitFor('the error', () => uncaught.errors.length === count);
      }
    } finally {
      uncaught.stop();
    }
    expect(uncaught.errors.map((error) => (error as Error).message)).toEqual(['mine, 1', 'mine, 2']);
    expect(heard.states).toEqual(['resumed']);
  });

  test('are refused on a closed factory, also on one that is closed meanwhile', async () => {
    const [one, two] = pair({ stats: STATS });
    const unavailable = expect.objectContaining({
      code: 'ERR_SESSION_STORE_UNAVAILABLE',
      message: 'The connection to the store was closed by the application',
    });
    const watching = one.watchEvents({ happened: () => {} });
    const closing = one.close();
    await expect(watching).rejects.toThrow(unavailable);
    await closing;
    await two.close();
    await expect(two.watchEvents({ happened: () => {} })).rejects.toThrow(unavailable);
  });

  test('are refused without the option, and what is no listener is a TypeError', async () => {
    const listener = { happened: () => {} };
    for (const stats of [false, true, { publishEvents: false }]) {
      await expect(open({ stats }).watchEvents(listener)).rejects.toThrow(
        expect.objectContaining({
          code: 'ERR_SESSION_UNSUPPORTED',
          message: expect.stringContaining('set `stats: { publishEvents: true }`'),
        }),
      );
    }
    const factory = open({ stats: STATS });
    await expect(factory.watchEvents({} as never)).rejects.toThrow(/^Expected `listener.happened` to be a function/);
    await expect(factory.watchEvents(null as never)).rejects.toThrow(/^Expected `listener` to be an object/);
    await expect(factory.watchEvents({ ...listener, resumed: 1 } as never)).rejects.toThrow(
      /^Expected `listener.resumed`/,
    );
  });
});

describe('events on Redis', () => {
  const { open, pair } = useFactories((options) =>
    createSessionFactory({ secret: SECRET, redis: { url: server.url, socketTimeout: 20 }, ...options }),
  );

  test('are part of the report: no command more, no subscription without a listener', async () => {
    const factory = open({ stats: STATS });
    for (let i = 0; i < 5; i++) await rejected(factory);
    await started(factory);
    const watch = await CommandWatch.start(server);
    await factory.close();
    expect((await watch.take()).filter((name) => name !== 'script' && name !== 'eval')).toEqual(['evalsha']);
    watch.stop();
    expect(String(await server.cli('PUBSUB', 'CHANNELS', '*'))).not.toContain('session:events');
  });

  test('have no owner, method, address, id, cookie or value on the wire', async () => {
    const factory = open({ stats: STATS });
    const socket = connect(server.port, server.host);
    let wire = '';
    socket.setEncoding('utf8').on('data', (text: string) => (wire += text));
    socket.write('SUBSCRIBE session:events\r\n');
    await once(socket, 'data');
    const jar = new Jar();
    await visit(factory, jar, (session) => {
      session.set('colour', 'ultramarine');
      session.login('owner-of-a-name', { method: 'by-a-word' });
    });
    const cookie = jar.header!;
    await visit(factory, jar, (session) => session.rotate());
    await visit(factory, jar, (session) => session.logout());
    await factory.stats();
    await expect.poll(() => wire).toContain('rotated');
    socket.destroy();
    expect(wire).toContain('"destroyed","logout"');
    for (const secret of ['owner-of-a-name', 'by-a-word', 'ultramarine', 'colour', cookie.slice(8, 40)])
      expect(wire).not.toContain(secret);
  });

  test('open no connection on a closed factory, which refuses as other calls on it do', async () => {
    const factory = open({ stats: STATS });
    await factory.stats();
    await factory.close();
    const errors = await Promise.all(
      [factory.stats(), factory.watchEvents({ happened: () => {} })].map((call) =>
        call.then(
          () => undefined,
          (error: Error & { code: string }) => [error.code, error.message.replace('the store', 'Redis')],
        ),
      ),
    );
    expect(errors).toEqual(
      Array.from({ length: 2 }, () => [
        'ERR_SESSION_STORE_UNAVAILABLE',
        'The connection to Redis was closed by the application',
      ]),
    );
    expect(String(await server.cli('PUBSUB', 'CHANNELS', '*'))).not.toContain('session:events');
  });

  test('wait for the next report when one fails, and arrive once', async () => {
    const [one, two] = pair({ stats: STATS });
    const heard = await Heard.of(one);
    await rejected(two);
    await server.cli('ACL', 'SETUSER', 'default', '-publish');
    try {
      await two.stats();
    } finally {
      await server.cli('ACL', 'SETUSER', 'default', '+publish');
    }
    // Nothing was counted either: a report is one step.
    expect((await one.stats()).counts.filter(({ event }) => event === 'rejected')).toEqual([]);
    await rejected(two);
    await two.stats();
    await heard.until(3);
    await two.stats();
    expect(heard.words).toEqual(['rejected malformed', 'storeError', 'rejected malformed']);
    expect(heard.missed).toBe(0);
  });

  test('that come twice are shown once; those that never come are counted; what is no message is ignored', async () => {
    const heard = await Heard.of(open({ stats: STATS }));
    const row = (number: number, name: string): unknown[] => [number, Date.now(), name, null, null];
    const publish = (...message: unknown[]): Promise<unknown> =>
      server.cli('PUBLISH', 'session:events', JSON.stringify(message));
    await publish('other', 3, 5, [row(3, 'login'), row(4, 'logout')]);
    await publish('other', 3, 6, [row(3, 'login'), row(4, 'logout'), row(5, 'rotated')]);
    await server.cli('PUBLISH', 'session:events', 'nonsense');
    for (const message of [[], ['other', 1], ['other', 5, 1, []], ['<b>', 6, 7, []], [null, 6, 7, []]]) {
      await publish(...message);
    }
    await publish('other', 6, 8, [[6, 8.64e15 + 1, 'login', null, null], row(7, 'login')]);
    await publish('other', 6, 8, [row(6, 'login'), row(6, 'login'), row(7, 'login')]);
    await publish('other', 9, 12, [row(9, 'created'), row(10, 'of a newer version'), [11, 0, 'login', '<b>', null]]);
    await heard.until(4);
    expect(heard.words).toEqual(['login', 'logout', 'rotated', 'created']);
    expect(heard.missed).toBe(5);
  });

  test('arrive again after the connection was lost, and those in between are counted', async () => {
    const [one, two] = pair({ stats: STATS });
    const heard = await Heard.of(one);
    await rejected(two);
    await two.stats();
    await heard.until(1);
    await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await rejected(two);
    await two.stats();
    await expect.poll(() => heard.states, { timeout: 10_000 }).toEqual(['resumed', 'failed', 'resumed']);
    await rejected(two);
    await two.stats();
    await heard.until(2);
    expect(heard.events.length + heard.missed).toBe(3);
  });
});

describe('two processes', () => {
  let other: NodeProcess;
  const { open } = useFactories((options) =>
    createSessionFactory({ secret: SECRET, redis: { url: server.url }, ...options }),
  );
  beforeAll(async () => {
    const site = { url: server.url, secret: SECRET, stats: { publishEvents: true, flushInterval: 0.1 } };
    const env = { SITE: JSON.stringify(site) };
    other = await startProcess(new URL('fixtures/happens.mjs', import.meta.url), { env });
  });
  afterAll(() => other?.stop());

  test('what happens in one is heard in the other, without being asked for', async () => {
    const heard = await Heard.of(open({ stats: STATS }));
    const handle = await (await fetch(`${other.url}/login/alice`)).text();
    await fetch(`${other.url}/revoke/alice`);
    await heard.until(4);
    expect(heard.events.map(({ name, handle: of }) => [name, of])).toEqual([
      ['created', handle],
      ['login', handle],
      ['revoked', handle],
      ['destroyed', handle],
    ]);
  });
});
