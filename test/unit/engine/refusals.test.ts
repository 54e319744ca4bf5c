// What an error says of a cookie or token that cannot be sent: each reason has its own way out.
import { beforeEach, expect, test } from 'vitest';
import { createSessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, Visit, type VisitOptions } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Options = Partial<SessionOptions<Data>>;
type Act = (session: WebsaunaSession<Data>) => unknown;

const login: Act = (session) => session.login('alice');
const write: Act = (session) => session.set('a', 1).save();
const cacheable = { 'cache-control': 'public, max-age=60' };
const secure: Options = { cookie: { secure: true } };

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

async function refusal(options: Options, act: Act, visit: VisitOptions, head: object = {}): Promise<Error> {
  const factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
  const request = await Visit.open(factory, new Jar(), visit);
  for (const [name, value] of Object.entries(head)) request.head.set(name, value as string);
  try {
    await act(request.session);
    await request.end();
  } catch (error) {
    return error as Error;
  }
  throw new Error('It was accepted.');
}

const ELSEWHERE = { host: 'example.com' };
test.each<[string, Options, Act, VisitOptions, object, string]>([
  ['a page over plain HTTP', secure, login, { headers: ELSEWHERE }, {}, 'The request came over plain HTTP'],
  [
    'a page behind a proxy that is not trusted',
    secure,
    login,
    { headers: { ...ELSEWHERE, 'x-forwarded-proto': 'https' } },
    {},
    'trusts no proxy, so `cookie.secure` forbids the cookie',
  ],
  [
    'a form of another site',
    {},
    write,
    { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } },
    {},
    'from another site and without the session cookie',
  ],
  ['a page that shared caches may store', {}, login, {}, cacheable, 'shared caches may store, so its cookie cannot'],
  [
    'a page that shared caches may store, with a token',
    { transport: 'header' },
    login,
    {},
    cacheable,
    'shared caches may store, so its token cannot',
  ],
])('%s', async (_, options, act, visit, head, message) => {
  const error = await refusal(options, act, visit, head);
  expect(error).toMatchObject({ code: 'ERR_SESSION_COOKIE_WITHHELD' });
  expect(error.message).toContain(message);
  expect(store.size).toBe(0);
});
