// Outside production and tests, what costs an application its sessions is reported once on the console.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { createSessionFactory, type FieldSchema, type SessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { EventHub } from '../../src/events.ts';
import { WARNINGS } from '../../src/warnings.ts';
import { Jar, Visit, type MemoryHead, type VisitOptions } from '../support/visit.ts';

type Data = Record<string, unknown>;

let emitted: MockInstance<typeof process.emitWarning>;
beforeEach(() => {
  vi.stubEnv('NODE_ENV', 'development');
  emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

function make(options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> {
  return createSessionFactory<Data>({
    secret: 'a secret of more than thirty-two bytes',
    store: new MemoryStore(),
    ...options,
  });
}

interface Step {
  readonly options?: Partial<SessionOptions<Data>>;
  readonly request?: VisitOptions;
  /** `Cache-Control` at the commit, and in the end. */
  readonly caching?: readonly [atCommit: string | null, inTheEnd: string | null];
  readonly late?: 'write' | 'read';
}

/** One request that writes to its session, or does so too late. */
async function go(factory: SessionFactory<Data>, { request = {}, caching = [null, null], late }: Step): Promise<void> {
  const visiting = await Visit.open(factory, new Jar(), request);
  const head: MemoryHead = visiting.head;
  if (late === undefined) visiting.session.set('a', 1);
  if (late === 'write') {
    visiting.session.set('a', 1);
    await visiting.session.save();
  }
  if (caching[0] !== null) head.set('cache-control', caching[0]);
  await visiting.end();
  if (caching[1] !== null) head.set('cache-control', caching[1]);
  factory.finalize(visiting.session, head);
  if (late === 'write') visiting.session.set('a', 2);
  if (late === 'read') visiting.session.get('a');
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

const COOKIE = `session=${'a'.repeat(43)}.${'b'.repeat(43)}`;
const HOST = { host: 'example.com' };
const SITUATIONS: [event: string, reason: string, step: Step][] = [
  ['cookieWarning', 'untrusted-proxy', { request: { headers: { ...HOST, 'x-forwarded-proto': 'https' } } }],
  ['cookieWarning', 'secure-over-http', { options: { cookie: { secure: true } }, request: { headers: HOST } }],
  ['cookieWarning', 'path', { options: { cookie: { path: '/shop' } }, request: { headers: HOST } }],
  ['cookieWarning', 'domain', { options: { cookie: { domain: 'example.org' } }, request: { headers: HOST } }],
  ['cookieSuppressed', 'cacheable', { caching: ['public, max-age=60', null] }],
  ['discarded', 'late', { late: 'write' }],
  ['discarded', 'ignored', { request: { url: '/site.css' } }],
  ['lateRead', '', { late: 'read' }],
  ['cacheControlOverridden', '', { caching: [null, 'public, max-age=60'] }],
  ['rejected', 'signature', { request: { headers: { cookie: COOKIE } } }],
];

function codes(): unknown[] {
  return emitted.mock.calls.map(([, options]) => (options as { code: string }).code);
}

describe.each(SITUATIONS)('%s %s', (event, reason, step) => {
  test('is reported once for each factory, with its code and what to do', async () => {
    const factory = make(step.options);
    await go(factory, step);
    const code = `WEBSAUNA_SESSION_${event.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`;
    expect(emitted.mock.calls).toEqual([[expect.any(String), { type: 'SessionWarning', code }]]);
    const text = String(emitted.mock.calls[0]![0]);
    expect([text]).toEqual([typeof WARNINGS[event] === 'string' ? WARNINGS[event] : WARNINGS[event]![reason]]);
    await go(factory, step);
    expect(codes()).toEqual([code]);
    await go(make(step.options), step);
    expect(codes()).toEqual([code, code]);
  });

  test.each(['production', 'test'])('is not reported under NODE_ENV=%s', async (environment) => {
    vi.stubEnv('NODE_ENV', environment);
    await go(make(step.options), step);
    expect(codes()).toEqual([]);
  });
});

describe('warnings', () => {
  test('a stored field that does not fit its schema is one, too', async () => {
    const store = new MemoryStore();
    const jar = new Jar();
    const views: FieldSchema = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) },
    };
    for (const schema of [{}, { views }]) {
      const visiting = await Visit.open(make({ store, schema }), jar);
      if (jar.header === undefined) visiting.session.set('views', 1);
      else expect(visiting.session.get('views')).toBeUndefined();
      await visiting.end();
    }
    expect(emitted.mock.calls).toEqual([
      [WARNINGS['invalidField'], { type: 'SessionWarning', code: 'WEBSAUNA_SESSION_INVALID_FIELD' }],
    ]);
  });

  test('several session cookies are one, too', async () => {
    const factory = make();
    const jars = [new Jar(), new Jar()];
    for (const jar of jars) {
      const visiting = await Visit.open(factory, jar);
      visiting.session.set('a', 1);
      await visiting.end();
    }
    const headers = { cookie: jars.map(({ header }) => header).join('; ') };
    await go(factory, { request: { headers } });
    expect(emitted.mock.calls.map(([text]) => text)).toEqual([
      (WARNINGS['cookieWarning'] as Record<string, string>)['several'],
    ]);
  });

  test('no other event is one', async () => {
    const factory = make({ cookie: { onException: false } });
    const visiting = await Visit.open(factory, new Jar());
    visiting.session.set('a', 1);
    visiting.head.status = 500;
    await visiting.end();
    await go(factory, { request: { headers: { cookie: 'session=garbage' } } });
    expect(codes()).toEqual([]);
  });

  test('are about events and reasons that exist, and say what to do', () => {
    const source = readFileSync(new URL('../../src/events.ts', import.meta.url), 'utf8');
    for (const [event, given] of Object.entries(WARNINGS)) {
      expect(source).toMatch(new RegExp(`^  ${event}: `, 'm'));
      for (const [reason, text] of typeof given === 'string' ? [['', given]] : Object.entries(given)) {
        if (reason !== '') expect(source).toMatch(new RegExp(`^  \\| '${reason}'`, 'm'));
        expect(text).toMatch(/\. (?:Set|Use|Answer|Call|Give|Make|Leave|Read|Load|Delete|Start|Move)\b/);
      }
    }
  });

  test('cost nothing where they are not wanted', () => {
    expect(new EventHub().hasListeners('cookieWarning')).toBe(true);
    expect(new EventHub().hasListeners('loaded')).toBe(false);
    vi.stubEnv('NODE_ENV', 'production');
    expect(new EventHub().hasListeners('cookieWarning')).toBe(false);
  });
});
