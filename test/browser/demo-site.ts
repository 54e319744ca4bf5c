import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { SessionError, type SessionFactory } from 'websauna-session';
import type { LoadResult, RecordKey, SessionStore } from 'websauna-session/store';
import { MemoryStore } from 'websauna-session/memory';

// The demo declares the data of its own sessions, for all of the program that it is in. So it is a program of
// its own to the compiler, and its modules are loaded here without their types.
interface DemoModules {
  MemoryUsers: new (cost?: object) => object;
  createSessions: (users: object, options: { secret: string; store: SessionStore }) => SessionFactory;
  Arena: new (redisUrl?: string) => Arena;
  createApp: (factory: SessionFactory, users: object, arena: Arena) => Express;
}

/** Test passwords need no protection. */
export const CHEAP = { N: 2 ** 10, r: 8, p: 1 };

interface Arena {
  close(): void;
}

/** Loads a module of the demo. */
export async function loadModule<Module>(file: string): Promise<Module> {
  return (await import(/* @vite-ignore */ new URL(`../../demo/src/${file}`, import.meta.url).href)) as Module;
}

async function loadDemo(): Promise<DemoModules> {
  const modules = ['users.ts', 'sessions.ts', 'compare/arena.ts', 'app.ts'].map((file) => loadModule<object>(file));
  return Object.assign({}, ...(await Promise.all(modules))) as DemoModules;
}

/** A store whose clock can be turned, which can be made to fail, and which can make requests meet. */
class TestStore extends MemoryStore {
  offset = 0;
  down = false;
  readonly #waiting: (() => void)[] = [];
  #meeting = 0;

  constructor() {
    super({ now: () => Date.now() + this.offset });
  }

  override async load(key: RecordKey, bypassCache?: boolean, explainEnds?: number): Promise<LoadResult | undefined> {
    if (this.down) throw new SessionError('ERR_SESSION_STORE_UNAVAILABLE', 'The store is down');
    const result = await super.load(key, bypassCache, explainEnds);
    if (this.#meeting > 0) await this.#meet();
    return result;
  }

  /** None of the next `count` requests goes on with its session before all of them have it. */
  meet(count: number): void {
    this.#meeting = count;
  }

  async #meet(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length < this.#meeting) return;
      this.#meeting = 0;
      for (const go of this.#waiting.splice(0)) go();
    });
  }
}

export interface FetchOptions {
  readonly cookie?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The demo, running in this process. */
export class DemoSite {
  readonly url: string;
  readonly store: TestStore;
  readonly #server: Server;
  readonly #factory: SessionFactory;
  readonly #arena: Arena;

  private constructor(server: Server, store: TestStore, factory: SessionFactory, arena: Arena) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.store = store;
    this.#server = server;
    this.#factory = factory;
    this.#arena = arena;
  }

  /** @param redisUrl - where the compared applications keep their sessions; without it, in memory */
  static async start(redisUrl?: string): Promise<DemoSite> {
    const { MemoryUsers, createSessions, createApp, Arena } = await loadDemo();
    const store = new TestStore();
    const users = new MemoryUsers(CHEAP);
    const factory = createSessions(users, { secret: 'a secret of the tests, of 32 bytes or more', store });
    const arena = new Arena(redisUrl);
    const server = createApp(factory, users, arena).listen(0, '127.0.0.1');
    await new Promise((resolve, reject) => {
      server.once('listening', resolve).once('error', reject);
    });
    return new DemoSite(server, store, factory, arena);
  }

  /** A request without a browser; redirects are not followed. */
  async fetch(path: string, { cookie, form, headers }: FetchOptions = {}): Promise<Response> {
    return await fetch(this.url + path, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { ...headers, ...(cookie !== undefined && { cookie }) },
      ...(form !== undefined && { body: new URLSearchParams(form) }),
    });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.#arena.close();
    await this.#factory.close();
  }
}
