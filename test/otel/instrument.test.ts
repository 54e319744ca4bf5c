import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { instrument } from 'websauna-session/otel';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { Jar, visit, Visit } from '../support/visit.ts';
import { waitFor } from '../support/wait-for.ts';
import { MemoryTelemetry } from './telemetry.ts';

const secret = 'a secret that all processes of a site share';

let server: RedisServer;
let telemetry: MemoryTelemetry;
let factory: SessionFactory;
let stop: () => void;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await server.cli('FLUSHALL');
  telemetry = new MemoryTelemetry();
  factory = createSessionFactory({
    secret,
    redis: { url: server.url, socketTimeout: 5 },
    maxSessionsPerOwner: 2,
    onSessionLimit: 'refuse',
  });
  stop = instrument(factory, telemetry);
  await waitFor('a connection', async () => (await factory.owners.list('nobody')).length === 0);
  telemetry.takeSpans();
});
afterEach(async () => {
  stop();
  await factory.close();
  await telemetry.stop();
});

interface Told {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
}

/** What the spans say, without the name of the store, which all have. */
function told(): Told[] {
  return telemetry.takeSpans().map(({ name, attributes, events }) => {
    const { 'websauna_session.store': store, ...others } = attributes;
    expect(store).toBe('redis');
    return { name, attributes: others, events: events.map((event) => event.name) };
  });
}

describe('spans', () => {
  it('tell a session from its creation to its end by its handle', async () => {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('cart', 1));
    const [created] = told();
    const handle = await visit(factory, jar, (session) => session.handle);
    expect(created).toEqual({
      name: 'session.commit',
      attributes: {
        'session.id': handle,
        'websauna_session.operation': ['create'],
        'websauna_session.outcome': 'created',
      },
      events: ['created'],
    });
    // A page view that changes nothing has nothing to commit.
    expect(told()).toEqual([
      {
        name: 'session.load',
        attributes: {
          'session.id': handle,
          'websauna_session.operation': ['load'],
          'websauna_session.outcome': 'loaded',
        },
        events: ['loaded'],
      },
    ]);
    await visit(factory, jar, (session) => session.login('alice'));
    const login = told().at(-1)!;
    const after = await visit(factory, jar, (session) => session.handle);
    expect(login).toMatchObject({
      name: 'session.commit',
      attributes: {
        'session.id': after,
        'session.previous_id': handle,
        'websauna_session.operation': ['rekey'],
        'websauna_session.outcome': 'login',
      },
    });
    await visit(factory, jar, (session) => session.logout());
    expect(told().at(-1)).toMatchObject({
      attributes: {
        'session.id': after,
        'websauna_session.operation': ['destroy'],
        'websauna_session.reason': 'logout',
      },
    });
  });

  it('tell why a cookie did not open its session', async () => {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.login('alice'));
    await factory.owners.revoke('alice');
    telemetry.takeSpans();
    await visit(factory, jar, (session) => session.handle);
    expect(told()).toMatchObject([
      {
        name: 'session.load',
        attributes: { 'websauna_session.outcome': 'rejected', 'websauna_session.reason': 'not-found' },
      },
    ]);
  });

  it('cover what goes to the store beside loads and commits', async () => {
    await visit(factory, new Jar(), async (session) => {
      session.set('n', 1);
      await session.save();
      await session.update('n', (n) => Number(n) + 1);
    });
    await factory.owners.revoke('alice');
    expect(told().map(({ name, attributes }) => [name, attributes['websauna_session.outcome']])).toEqual([
      ['session.create', 'ok'],
      ['session.save', 'ok'],
      // The response confirms the session before it sends the cookie.
      ['session.commit', 'touched'],
      ['session.revokeOwned', 'none'],
    ]);
  });

  it('are none where the store is not asked', async () => {
    await visit(factory, new Jar(), () => {});
    await visit(factory, new Jar(), () => {}, { headers: { cookie: 'session=nonsense' } });
    expect(told()).toEqual([]);
  });

  it('are none for a scan, whose length is that of the store', async () => {
    await visit(factory, new Jar(), (session) => session.login('alice'));
    telemetry.takeSpans();
    const found: (string | null)[] = [];
    for await (const { owner } of factory.sessions.scan()) found.push(owner);
    expect([found, told()]).toEqual([['alice'], []]);
  });

  it('have the error of an operation that fails, without its message', async () => {
    for (let i = 0; i < 2; i += 1) await visit(factory, new Jar(), (session) => session.login('alice'));
    telemetry.takeSpans();
    await expect(visit(factory, new Jar(), (session) => session.login('alice'))).rejects.toThrow('sessions');
    const [full] = telemetry.takeSpans();
    expect(full).toMatchObject({
      attributes: {
        'error.type': 'ERR_SESSION_FULL',
        'websauna_session.outcome': 'error',
        'websauna_session.reason': 'session-limit',
      },
      status: { code: SpanStatusCode.ERROR, message: 'ERR_SESSION_FULL' },
    });
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('n', 1));
    await server.kill();
    await expect(visit(factory, jar, () => {})).rejects.toThrow('Redis');
    await server.restart();
    expect(telemetry.takeSpans().at(-1)).toMatchObject({
      name: 'session.load',
      attributes: { 'error.type': 'ERR_SESSION_STORE_UNAVAILABLE' },
      status: { code: SpanStatusCode.ERROR },
    });
  });

  it('belong to the span of their request, however requests overlap', async () => {
    const manager = new AsyncLocalStorageContextManager().enable();
    context.setGlobalContextManager(manager);
    try {
      const tracer = telemetry.tracerProvider.getTracer('test');
      const jars = [new Jar(), new Jar()] as const;
      for (const jar of jars) await visit(factory, jar, (session) => session.set('n', 1));
      telemetry.takeSpans();
      const handles = await Promise.all(
        jars.map((jar) =>
          tracer.startActiveSpan('request', async (span) => {
            const request = await Visit.open(factory, jar);
            request.session.set('n', 2);
            await request.end();
            span.end();
            return { handle: request.session.handle, span };
          }),
        ),
      );
      const spans = telemetry.takeSpans().filter(({ name }) => name !== 'request');
      expect(spans).toHaveLength(4);
      for (const { handle, span } of handles) {
        const { spanId, traceId } = span.spanContext();
        const children = spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === spanId);
        expect(children.map(({ name }) => name)).toEqual(['session.load', 'session.commit']);
        for (const child of children) {
          expect(child.spanContext().traceId).toBe(traceId);
          expect(child.attributes['session.id']).toBe(handle);
        }
      }
    } finally {
      context.disable();
    }
  });

  it('have no id, cookie, owner, value or address', async () => {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('field', 'the value of a field'));
    await visit(factory, jar, (session) => session.login('alice-the-owner', { method: 'password' }));
    await visit(factory, jar, (session) => session.rotate());
    const [cookie] = [...jar.cookies.values()];
    await factory.owners.revoke('alice-the-owner');
    const text = JSON.stringify(
      telemetry.takeSpans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
    );
    expect(text).toContain('session.revokeOwned');
    const points = JSON.stringify(await telemetry.points('websauna_session.events'));
    const id = cookie!.split('.').slice(0, -1).join('.');
    for (const secretText of [
      cookie!,
      id,
      id.split('.').at(-1)!,
      'alice-the-owner',
      'the value of',
      '192.0.2.1',
      server.url,
    ]) {
      expect(text + points).not.toContain(secretText);
    }
    expect(points).not.toContain('session.id');
  });
});

describe('metrics', () => {
  const event = (name: string, reason?: string): object => ({
    'websauna_session.event': name,
    ...(reason !== undefined && { 'websauna_session.reason': reason }),
  });

  it('count events by reason, and time loads, commits and operations', async () => {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.login('alice'));
    await visit(factory, jar, (session) => session.set('n', 1));
    await visit(factory, jar, (session) => session.logout());
    await visit(factory, new Jar(), (session) => session.handle, { headers: { cookie: 'session=nonsense' } });
    const events = await telemetry.points('websauna_session.events');
    expect(events).toContainEqual({ attributes: event('loaded'), value: 2 });
    expect(events).toContainEqual({ attributes: event('login'), value: 1 });
    expect(events).toContainEqual({ attributes: event('destroyed', 'logout'), value: 1 });
    expect(events).toContainEqual({ attributes: event('rejected', 'malformed'), value: 1 });
    const outcome = (name: string, reason?: string): object => ({
      'websauna_session.outcome': name,
      ...(reason !== undefined && { 'websauna_session.reason': reason }),
    });
    expect(await telemetry.points('websauna_session.load.duration')).toEqual([
      { attributes: outcome('loaded'), value: 2 },
    ]);
    const commits = await telemetry.points('websauna_session.commit.duration');
    expect(commits.reduce((sum, { value }) => sum + value, 0)).toBe(3);
    expect(commits).toContainEqual({ attributes: outcome('saved'), value: 1 });
    const operations = await telemetry.points('websauna_session.store.operation.duration');
    expect(operations).toContainEqual({
      attributes: { 'websauna_session.operation': 'load', 'websauna_session.store': 'redis' },
      value: 2,
    });
  });

  it('show the circuit while it is open, and operations that fail', async () => {
    const circuit = async (): Promise<number | undefined> =>
      (await telemetry.points('websauna_session.store.circuit.open'))[0]?.value;
    expect(await circuit()).toBe(0);
    await server.kill();
    for (let i = 0; i < 6; i += 1) await factory.owners.list('alice').catch(() => {});
    expect(await circuit()).toBe(1);
    expect(await telemetry.points('websauna_session.store.operation.duration')).toContainEqual({
      attributes: {
        'error.type': 'ERR_SESSION_STORE_UNAVAILABLE',
        'websauna_session.operation': 'listOwned',
        'websauna_session.store': 'redis',
      },
      value: expect.any(Number) as number,
    });
    await server.restart();
    await waitFor('the circuit to close', async () => (await circuit()) === 0);
  });
});

describe('what the application brings', () => {
  it('is a store, which has the name of its class', async () => {
    class Shelf extends (Object as unknown as new () => MemoryStore) {}
    const memory = new MemoryStore();
    const shelf = new Shelf();
    for (const name of ['load', 'create', 'save', 'destroy', 'rekey', 'take', 'now', 'close'] as const) {
      Object.assign(shelf, { [name]: memory[name].bind(memory) });
    }
    const own = createSessionFactory({ secret, store: shelf });
    const stopOwn = instrument(own, telemetry);
    await visit(own, new Jar(), (session) => session.set('n', 1));
    expect(telemetry.takeSpans().map(({ attributes }) => attributes['websauna_session.store'])).toEqual(['Shelf']);
    stopOwn();
  });

  it.each([
    [new RangeError('secret'), 'RangeError'],
    ['secret', 'unknown'],
  ])('is a callback that throws %s, whose class is told', async (thrown, type) => {
    const own = createSessionFactory({
      secret,
      invalidateBefore() {
        // oxlint-disable-next-line typescript/only-throw-error -- an application may throw anything
        throw thrown;
      },
    });
    const stopOwn = instrument(own, telemetry);
    const jar = new Jar();
    await visit(own, jar, (session) => session.login('alice'));
    telemetry.takeSpans();
    await visit(own, jar, () => {}).catch(() => {});
    const [span] = telemetry.takeSpans();
    expect(span).toMatchObject({ name: 'session.load', attributes: { 'error.type': type } });
    expect(JSON.stringify([span?.attributes, span?.status])).not.toContain('secret');
    stopOwn();
  });
});

describe('instrument', () => {
  it('stops', async () => {
    stop();
    const jar = new Jar();
    await visit(factory, jar, (session) => session.login('alice'));
    await visit(factory, jar, (session) => session.set('n', 1));
    expect(telemetry.takeSpans()).toEqual([]);
    expect(Object.keys(factory)).toEqual([]);
    expect(Object.getOwnPropertyNames(factory)).toEqual([]);
    const points = await telemetry.points('websauna_session.events');
    expect(points.filter(({ attributes }) => attributes['websauna_session.event'] === 'login')).toEqual([]);
  });

  it('refuses a second time, and what is no factory', () => {
    expect(() => instrument(factory)).toThrow('Expected `factory` to be instrumented once');
    expect(() => instrument({} as SessionFactory)).toThrow('Expected `factory` to be a session factory');
    const other = createSessionFactory({ secret });
    expect(() => instrument(other, { tracer: 1 } as object)).toThrow(
      'Expected `options` to have known properties only',
    );
    stop();
    stop = instrument(factory, telemetry);
  });

  it('does not read the options of a factory before it is used', async () => {
    let read = 0;
    const lazy = createSessionFactory(() => {
      read += 1;
      return { secret };
    });
    const stopLazy = instrument(lazy, telemetry);
    expect(read).toBe(0);
    await visit(lazy, new Jar(), (session) => session.set('n', 1));
    expect(read).toBe(1);
    expect(telemetry.takeSpans().map(({ attributes }) => attributes['websauna_session.store'])).toEqual(['memory']);
    stopLazy();
  });

  it('reports to what the application has registered', async () => {
    trace.setGlobalTracerProvider(telemetry.tracerProvider);
    const other = createSessionFactory({ secret });
    const stopOther = instrument(other);
    await visit(other, new Jar(), (session) => session.set('n', 1));
    expect(telemetry.takeSpans().map(({ name }) => name)).toEqual(['session.commit']);
    stopOther();
    trace.disable();
  });
});
