import { afterEach, beforeEach, expect } from 'vitest';
import { createSessionFactory, type SessionOptions } from 'websauna-session';
import type { RedisOptions } from 'websauna-session/redis';
import { Jar } from '../../support/visit.ts';
import { waitFor } from '../../support/wait-for.ts';
import { APPS, type App, type Factory } from './apps.ts';

export const SECRET = 'a secret of the applications that lose their store';
/** Seconds that a command may take in these tests. */
export const DEADLINE = 0.3;
/** Milliseconds within which an answer must be there although Redis is not: the deadline, and a margin. */
export const IN_TIME = DEADLINE * 1000 + 1_200;
/** Milliseconds that a request may take which does not wait for Redis at all. */
export const AT_ONCE = 100;

/** Both libraries under both kinds of adapters. */
export const STACKS = (['redis', 'ioredis'] as const).flatMap((library) =>
  (['Express', 'node:http'] as const).map((framework) => ({ library, framework })),
);
/** Both libraries, for what no adapter has a part in. */
export const LIBRARIES = STACKS.filter(({ framework }) => framework === 'Express');
export type Stack = Pick<RedisOptions, 'library' | 'pool' | 'cache'> & { readonly framework: keyof typeof APPS };

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The `Set-Cookie` headers. */
  readonly cookies: readonly string[];
  /** Milliseconds that it took. */
  readonly took: number;
}

/** A browser that follows no redirect, and keeps its cookies and its connection. */
export class Browser {
  readonly jar: Jar = new Jar();
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  async get(path: string): Promise<Answer> {
    const { header } = this.jar;
    const asked = performance.now();
    const response = await fetch(this.#app.url + path, {
      redirect: 'manual',
      headers: header === undefined ? {} : { cookie: header },
    });
    const text = await response.text();
    const took = performance.now() - asked;
    const cookies = response.headers.getSetCookie();
    this.jar.take(cookies);
    return { status: response.status, body: asJson(text), cookies, took };
  }

  /** What `/read` says, which must be a success. */
  async read(): Promise<{ data: Record<string, unknown>; owner: string | null; degraded: boolean }> {
    const { status, body } = await insist(this, '/read');
    if (status !== 200) throw new Error(`Expected /read to be answered with 200, got ${status}`);
    return body as { data: Record<string, unknown>; owner: string | null; degraded: boolean };
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export interface Setup {
  readonly factory: Factory;
  readonly app: App;
  /** `down` and `up`, as the breaker opened and closed. */
  readonly breaker: string[];
  /** Why cookies opened no session. */
  readonly missed: string[];
}

const closing: (() => Promise<void>)[] = [];

/** Starts an application over the Redis at `url`; it ends with the test. */
export async function start(
  { framework, ...library }: Stack,
  url: string,
  options: Partial<SessionOptions> = {},
  redis: RedisOptions = {},
): Promise<Setup> {
  const factory = createSessionFactory({
    secret: SECRET,
    redis: { url, socketTimeout: DEADLINE, ...library, ...redis },
    ...options,
  });
  const breaker: string[] = [];
  factory.on('circuitOpen', () => breaker.push('down'));
  factory.on('circuitClosed', () => breaker.push('up'));
  const missed: string[] = [];
  factory.on('rejected', ({ reason, detail }) => missed.push(`${reason} ${detail}`));
  const app = await APPS[framework](factory);
  closing.push(
    () => app.close(),
    () => factory.close(),
  );
  return { factory, app, breaker, missed };
}

/** Another process's view of the same sessions. */
export function elsewhere(url: string, options: Partial<SessionOptions> = {}): Factory {
  const factory = createSessionFactory({ secret: SECRET, redis: { url }, ...options });
  closing.push(() => factory.close());
  return factory;
}

/** Keeps `what` until the test is over. */
export function closeLater(what: () => Promise<void>): void {
  closing.push(what);
}

/** Closes what the tests of a file start, and fails a test after which anything was left uncaught. */
export function noCrashes(): void {
  const crashes: unknown[] = [];
  const crashed = (error: unknown): void => void crashes.push(error);
  beforeEach(() => {
    process.on('uncaughtException', crashed);
    process.on('unhandledRejection', crashed);
  });
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
    process.off('uncaughtException', crashed);
    process.off('unhandledRejection', crashed);
    expect(crashes.splice(0)).toEqual([]);
  });
}

/** A browser with a session. Tries again: with deadlines as short as here, a busy machine is late now and then. */
export async function visitor(app: App): Promise<Browser> {
  const browser = new Browser(app);
  const answer = await insist(browser, '/set?a=1');
  expect(answer).toMatchObject({ status: 200, body: 'set' });
  expect(answer.cookies).toHaveLength(1);
  return browser;
}

export async function loggedIn(app: App, owner: string): Promise<Browser> {
  const browser = await visitor(app);
  expect(await insist(browser, `/login?owner=${owner}`)).toMatchObject({ status: 302 });
  return browser;
}

/** The first answer that is no failure of the store. */
export async function insist(browser: Browser, path: string): Promise<Answer> {
  return await waitFor(`an answer from ${path}`, async () => {
    const answer = await browser.get(path);
    return answer.status === 503 ? undefined : answer;
  });
}

/** Requests that need no session get their answer, as fast as ever. */
export async function expectSessionlessAnswers(app: App, known: Browser): Promise<void> {
  const anonymous = new Browser(app);
  for (const [browser, path] of [
    [anonymous, '/'],
    [anonymous, '/read'],
    [anonymous, '/site.css'],
    [known, '/site.css'],
  ] as const) {
    const answer = await browser.get(path);
    expect(answer).toMatchObject({ status: 200, cookies: [] });
    expect(answer.took).toBeLessThan(IN_TIME);
  }
}

/** The answer says that it failed, in time, and the client's cookie is left alone. */
export function expectFailure(answer: Answer, code: string | RegExp = /^ERR_SESSION_STORE/): void {
  expect(answer).toMatchObject({ status: 503, cookies: [] });
  expect(answer.body).toMatch(code);
  expect(answer.took).toBeLessThan(IN_TIME);
}

/** Paths that change a session in each way that there is. */
export const WRITES = [
  '/set?b=2',
  '/login?owner=mallory',
  '/login-page?owner=mallory',
  '/login-swallowing?owner=mallory',
  '/logout',
  '/rotate',
  '/count',
  '/save?b=2',
  '/stream?b=2',
];

/** Reading and writing fail for a client that has a session, and so does starting one. */
export async function expectFailures(app: App, browser: Browser): Promise<void> {
  const before = browser.jar.header;
  const expectOneError = async (by: Browser, path: string): Promise<void> => {
    app.errors.length = 0;
    expectFailure(await by.get(path));
    expect(app.errors).toHaveLength(1);
  };
  for (const path of ['/read', '/', ...WRITES]) await expectOneError(browser, path);
  for (const path of WRITES.filter((each) => each !== '/logout' && each !== '/rotate' && each !== '/count')) {
    await expectOneError(new Browser(app), path);
  }
  expect(browser.jar.header).toBe(before);
  for (const error of app.errors) expect(error).toMatchObject({ name: 'SessionError' });
}

/** Requests until the same application answers them again by itself. */
export async function expectRecovery({ app, breaker, missed }: Setup, browser: Browser): Promise<void> {
  expect(await insist(new Browser(app), '/set?a=1')).toMatchObject({ status: 200 });
  expect(await insist(browser, '/read')).toMatchObject({ status: 200 });
  if (breaker.length > 0) await waitFor('the breaker to close', () => breaker.at(-1) === 'up');
  expect(breaker.join()).toMatch(/^(?:(?:^|,)down,up)*$/);
  missed.length = 0;
  const newcomer = await loggedIn(app, 'newcomer');
  expect(await newcomer.read()).toMatchObject({ data: { a: '1' }, owner: 'newcomer' });
  expect(missed).toEqual([]);
}
