import { RedisStore } from 'connect-redis';
import express, { type Express, type Request, type Response } from 'express';
import original from 'express-session';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createClient } from 'redis';
import { afterAll, beforeAll } from 'vitest';
import session, { type SessionMiddleware, type SessionOptions } from 'websauna-session/express-session';
import { connectRedis, type ConnectRedisOptions } from 'websauna-session/migrate';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { fieldsOf } from '../express-session/site.ts';

export const SECRET = 'keyboard cat';

declare module 'express-session' {
  interface SessionData {
    passport: { user?: string };
    list?: string[];
  }
}

export type Client = ReturnType<typeof createClient>;

/** A Redis for the tests of one file, and a client of it. Both are there from the first test to the last. */
export function useRedis(): { readonly server: RedisServer; readonly client: Client } {
  const redis = {} as { server: RedisServer; client: Client };
  beforeAll(async () => {
    redis.server = await startRedis();
    redis.client = createClient({ url: redis.server.url });
    await redis.client.connect();
  });
  afterAll(async () => {
    redis.client.destroy();
    await redis.server.stop();
  });
  return redis;
}

/** A server of one site, old or new, and a client of Redis with a prefix of its own. */
export interface Site {
  readonly port: number;
  readonly middleware?: SessionMiddleware;
  close(): Promise<void>;
}

/** What all servers of a site share. */
export class Deployment {
  readonly client: Client;
  readonly name: string;

  constructor(client: Client, name = `m${Math.random().toString(36).slice(2)}`) {
    this.client = client;
    this.name = name;
  }

  get oldPrefix(): string {
    return `${this.name}-sess:`;
  }

  get prefix(): string {
    return `${this.name}-session:`;
  }

  /** A server of express-session and connect-redis. */
  old(options: Partial<original.SessionOptions> = {}, storeOptions: object = {}): Promise<Site> {
    const store = new RedisStore({ client: this.client, prefix: this.oldPrefix, ...storeOptions });
    return start(original({ secret: SECRET, resave: false, saveUninitialized: false, store, ...options }));
  }

  /** A server of ours. */
  new(
    phase: 'beside' | 'convert',
    options: SessionOptions = {},
    migration: Partial<ConnectRedisOptions> = {},
  ): Promise<Site> {
    return start(
      session({
        secret: SECRET,
        resave: false,
        saveUninitialized: false,
        redis: { client: this.client, prefix: this.prefix },
        migrateFrom: connectRedis({ client: this.client, prefix: this.oldPrefix, phase, ...migration }),
        ...options,
      }),
    );
  }

  /** A server of ours after the migration. */
  final(options: SessionOptions = {}): Promise<Site> {
    const redis = { client: this.client, prefix: this.prefix };
    return start(session({ secret: SECRET, resave: false, saveUninitialized: false, redis, ...options }));
  }

  /** What express-session has stored, by session id. */
  async oldSessions(): Promise<Map<string, Record<string, unknown>>> {
    const found = new Map<string, Record<string, unknown>>();
    for (const key of await this.client.keys(`${this.oldPrefix}*`)) {
      found.set(key.slice(this.oldPrefix.length), JSON.parse(String(await this.client.get(key))) as never);
    }
    return found;
  }

  async records(): Promise<string[]> {
    return await this.client.keys(`${this.prefix}*`);
  }
}

/** The routes of every server. */
export function addRoutes(app: Express): void {
  app.get('/login/:user', (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.passport = { user: req.params.user };
      req.session.save((failure) => (failure ? next(failure) : res.send(req.params.user)));
    });
  });
  app.get('/write/:n', (req, res) => {
    const user = req.session.passport?.user ?? 'nobody';
    if (user !== 'nobody') req.session[`f${Number(req.params.n)}`] = 1;
    res.send(user);
  });
  app.get('/show', (req, res) => res.json(fieldsOf(req.session)));
  app.get('/cookie', (req, res) => res.json(req.session.cookie));
  app.get('/remember', (req, res) => {
    req.session.cookie.maxAge = 3_600_000;
    req.session.f0 = 1;
    res.end();
  });
  app.get('/logout', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.send('bye')));
  });
}

export async function start(
  middleware: express.RequestHandler,
  routes: (app: Express) => void = addRoutes,
): Promise<Site> {
  const app = express();
  app.use(middleware);
  routes(app);
  app.use((error: Error & { status?: number }, _req: Request, res: Response, next: (error: unknown) => void) => {
    if (res.headersSent) return next(error);
    res.status(error.status ?? 500).send(error.message);
  });
  const server: Server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A connection that is closed while a request is sent over it would look like a fault.
  server.keepAliveTimeout = 0;
  return {
    port: (server.address() as AddressInfo).port,
    middleware: middleware as SessionMiddleware,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Runs servers by their names. */
export async function during<Name extends string>(
  starting: Readonly<Record<Name, Promise<Site>>>,
  act: (sites: Record<Name, Site>) => Promise<void>,
): Promise<void> {
  const sites = {} as Record<Name, Site>;
  for (const name of Object.keys(starting) as Name[]) sites[name] = await starting[name];
  try {
    await act(sites);
  } finally {
    for (const name of Object.keys(sites) as Name[]) await sites[name].close();
  }
}
