// Makes `AsyncLocalStorage` global, as Next's server does before it loads anything else of Next.
// oxlint-disable-next-line import/no-unassigned-import -- there is nothing to assign
import 'next/dist/server/node-environment-baseline.js';
import { workAsyncStorage, type WorkStore } from 'next/dist/server/app-render/work-async-storage.external.js';
import { workUnitAsyncStorage } from 'next/dist/server/app-render/work-unit-async-storage.external.js';
import { createRequestStoreForAPI } from 'next/dist/server/async-storage/request-store.js';

export { NextResponse } from 'next/dist/server/web/spec-extension/response.js';

type RequestStore = ReturnType<typeof createRequestStoreForAPI>;

// Of no use without a cache.
const UNUSED = undefined as never;

/** A request inside Next's own scope, in which `headers()` and `cookies()` of `next/headers` are those of the request. */
export class NextRequestScope {
  /** Lines of `Set-Cookie` that an action has made so far. */
  readonly setCookies: string[] = [];
  readonly #headers: Headers;

  constructor(headers: Record<string, string>) {
    this.#headers = new Headers({ host: 'shop.example', ...headers });
  }

  /** Runs what renders a page. */
  async render<R>(page: () => Promise<R>): Promise<R> {
    const store = this.#createStore();
    store.phase = 'render';
    return await run(store, page);
  }

  /** Runs a server action, and then the page that its answer has. */
  async act<R>(action: () => Promise<R>, page?: () => Promise<void>): Promise<R> {
    const store = this.#createStore();
    const answer = await run(store, action);
    store.phase = 'render';
    if (page !== undefined) await run(store, page);
    return answer;
  }

  #createStore(): RequestStore {
    const request = { headers: this.#headers } as never;
    const collect = (lines: string[]): void => void this.setCookies.splice(0, Infinity, ...lines);
    return createRequestStoreForAPI(request, { pathname: '/page', search: '' }, UNUSED, collect, UNUSED, UNUSED);
  }
}

function run<R>(store: RequestStore, work: () => Promise<R>): Promise<R> {
  return workAsyncStorage.run({ route: '/page' } as WorkStore, () => workUnitAsyncStorage.run(store, work));
}
