import assert from 'node:assert/strict';
import type { SessionEventName } from '../../events.ts';
import { createSessionFactory, type SessionFactory } from '../../factory.ts';
import type { SessionOptions } from '../../options/options.ts';
import { MemoryStore } from '../../stores/memory/memory-store.ts';
import type {
  AdapterCheck,
  AnyData,
  AdapterHarness,
  LateHeaders,
  RouteAnswer,
  RouteHandler,
  RunningApp,
  SharedCache,
} from './check.ts';
import { Browser, type Reply, type VisitInit } from './browser.ts';
import { interceptStore } from '../store/intercept.ts';

type Options = Partial<SessionOptions<AnyData>>;

export interface AppSpec {
  readonly routes: Readonly<Record<string, RouteHandler>>;
  readonly options?: Options;
  /** Options of a second session middleware. */
  readonly second?: Options;
  readonly trustProxy?: boolean;
  readonly lateHeaders?: LateHeaders;
}

const OBSERVED: readonly SessionEventName[] = [
  ...(['created', 'rejected', 'saved', 'rotated', 'login', 'logout', 'destroyed'] as const),
  ...(['lost', 'discarded', 'cookieSuppressed', 'lateRead', 'storeError'] as const),
];

/** A running application, and what a check can see of it. */
export class TestApp {
  readonly factory: SessionFactory<AnyData>;
  /** What the store was asked, in order. */
  readonly commands: string[] = [];
  /** Operations of the store that fail. */
  readonly failing: Set<string> = new Set();
  /** What the framework's own error handler was given. */
  readonly errors: unknown[] = [];
  readonly events: { readonly name: SessionEventName; readonly reason?: string }[] = [];
  readonly #harness: AdapterHarness;
  readonly #memory = new MemoryStore();
  readonly #cache: SharedCache | undefined;
  #running: RunningApp | undefined;

  constructor(harness: AdapterHarness, options: Options = {}) {
    this.#harness = harness;
    this.#cache = harness.sharedCache?.();
    const store = interceptStore(this.#memory, (operation) => {
      this.commands.push(operation);
      if (this.failing.has(operation)) throw new Error('Connection to 10.0.0.7:6379 lost at session:{owner}');
    });
    this.factory = createSessionFactory<AnyData>({ secret: SECRET, store, ...options });
    for (const name of OBSERVED) this.factory.on(name, (event) => void this.events.push({ name, ...event }));
  }

  async start(spec: AppSpec): Promise<void> {
    const { routes, second, trustProxy = false, lateHeaders } = spec;
    const sessions = [{ given: this.factory, property: 'session' }];
    const others = second === undefined ? [] : [{ given: { secret: SECRET, ...second }, property: 'second' }];
    this.#running = await this.#harness.start({
      sessions: [...sessions, ...others],
      routes,
      trustProxy,
      ...(lateHeaders === undefined ? {} : { lateHeaders }),
      onError: (error) => void this.errors.push(error),
    });
  }

  async stop(): Promise<void> {
    await this.#running?.close();
    await this.factory.close();
  }

  /** Sessions in the store. */
  get stored(): number {
    return this.#memory.size;
  }

  /** The address that visits come from. */
  get peer(): string {
    return this.#harness.peer;
  }

  browser(): Browser {
    return new Browser(this.#running!, this.#harness.prefix);
  }

  /** A browser behind the application's shared cache. */
  cachedBrowser(): Browser {
    const [running, cache] = [this.#running!, this.#cache];
    const origin = running.fetch ?? fetch;
    if (cache === undefined) return this.browser();
    return new Browser({ ...running, fetch: (request) => cache.fetch(request, origin) }, this.#harness.prefix);
  }

  /** A visit of a browser that was never here. */
  async visit(path: string, init?: VisitInit): Promise<Reply> {
    return await this.browser().visit(path, init);
  }

  reasons(name: SessionEventName): (string | undefined)[] {
    return this.events.filter((event) => event.name === name).map(({ reason }) => reason);
  }

  /** The one error that the framework's handler was given has this code and status. */
  assertFailed(reply: Reply, code: string, status: number): void {
    const codes = this.errors.map((error) => (error as { code?: string }).code);
    assert.deepEqual(codes, [code]);
    assert.equal(reply.status, status);
    assert.deepEqual(reply.cookies, [], 'an error that the session caused carries no cookie');
    assert.doesNotMatch(reply.body, INSIDE, 'an error page reveals nothing internal');
  }

  /** The same of a session whose commit has failed: its error depends on the cookie, as its response would have. */
  assertCommitFailed(reply: Reply, code: string, status: number): void {
    this.assertFailed(reply, code, status);
    assert.match(reply.headers.get('vary') ?? '', /\bCookie\b/);
    assert.match(reply.headers.get('cache-control') ?? '', /\bprivate\b|\bno-store\b/);
  }
}

/** What a store's own errors can name, which is nothing for a client. */
const INSIDE = /10\.0\.0\.7|6379|session:\{/;

/** Nothing that a real application may use. */
const SECRET = 'the adapter contract needs no secret secret';

/** A check that runs an application from its beginning to its end. */
export function appCheck(title: string, spec: AppSpec, act: (app: TestApp) => Promise<void>): AdapterCheck {
  return {
    title,
    async run(harness) {
      const options = spec.trustProxy === undefined ? spec.options : { trustProxy: spec.trustProxy, ...spec.options };
      const app = new TestApp(harness, options);
      try {
        await app.start(spec);
        await act(app);
      } finally {
        await app.stop();
      }
    },
  };
}

/** A handler that changes the session. */
export function writes(answer: RouteAnswer = {}): RouteHandler {
  return (session) => {
    session.set('written', Number(session.get('written', 0)) + 1);
    return answer;
  };
}

/** A handler that returns what `writes` has written. */
export function reads(answer: RouteAnswer = {}): RouteHandler {
  return (session) => ({ body: JSON.stringify(session.get('written', 0)), ...answer });
}
