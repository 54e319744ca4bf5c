// Functions of the application are given the exchange, and may take it apart as they like.
import { expect, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import type { Exchange } from '../../src/exchange.ts';
import { Jar, MemoryHead } from '../support/visit.ts';

/** Has its members on a prototype, as those of adapters do. */
class RequestExchange implements Exchange {
  readonly #headers: Readonly<Record<string, string | undefined>>;

  constructor(headers: Readonly<Record<string, string | undefined>>) {
    this.#headers = headers;
  }

  get method(): string {
    return 'GET';
  }

  get url(): string {
    return `/?host=${this.#headers['host']}`;
  }

  get secure(): boolean {
    return this.#headers['x-forwarded-proto'] === 'https';
  }

  get clientAddress(): string {
    return '192.0.2.1';
  }

  get request(): object {
    return this.#headers;
  }

  header(name: string): string | undefined {
    return this.#headers[name];
  }
}

class RecordingStore extends MemoryStore {
  readonly bypassed: boolean[] = [];

  override load(...[key, bypassCache = false, explainEnds]: Parameters<MemoryStore['load']>) {
    this.bypassed.push(bypassCache);
    return super.load(key, bypassCache, explainEnds);
  }
}

test('`cookie` and `bypassCache` may take single members of it', async () => {
  const store = new RecordingStore();
  const seen: unknown[] = [];
  const factory = createSessionFactory<Record<string, unknown>>({
    secret: 'a secret of more than thirty-two bytes',
    store,
    cookie({ header, method, url, secure, clientAddress, request }) {
      seen.push([method, url, secure, clientAddress, (request as { host: string }).host]);
      return { name: header('x-tenant') ?? 'session' };
    },
    bypassCache: ({ header }) => header('cache-control') === 'no-cache',
  });
  const jar = new Jar();
  const ask = async (more: Record<string, string>): Promise<void> => {
    const headers = { host: 'a.example', 'x-tenant': 'one', 'x-forwarded-proto': 'https', ...more };
    const session = await factory.load(new RequestExchange({ ...headers, cookie: jar.header }));
    session.set('a', 1);
    const head = new MemoryHead();
    await factory.commit(session, head);
    jar.take(head.cookies);
  };
  await ask({});
  await ask({});
  await ask({ 'cache-control': 'no-cache' });
  expect([...jar.cookies.keys()]).toEqual(['one']);
  expect(store.bypassed).toEqual([false, true]);
  expect(seen).toEqual(Array.from({ length: 3 }, () => ['GET', '/?host=a.example', true, '192.0.2.1', 'a.example']));
});
