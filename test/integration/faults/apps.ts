import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler } from 'express';
import { SessionError, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { sessions } from 'websauna-session/express';
import { withSession } from 'websauna-session/node';

type Data = Record<string, unknown>;
export type Factory = SessionFactory<Data>;
type Session = WebsaunaSession<Data>;

/** An application that listens. */
export interface App {
  readonly url: string;
  /** What reached the framework's error path. */
  readonly errors: unknown[];
  /** How many requests have reached a handler. */
  readonly handled: number;
  close(): Promise<void>;
}

type Respond = (status: number, body: unknown, headers?: Record<string, string>) => void;
type Handler = (session: Session, respond: Respond, query: URLSearchParams, res: ServerResponse) => unknown;

/** What both applications do. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  '/': (_session, respond) => respond(200, 'hello'),
  '/site.css': (_session, respond) => respond(200, 'body {}'),
  '/read': (session, respond) =>
    respond(200, { data: session.toJSON(), owner: session.owner, degraded: session.degraded }),
  '/load': async (session, respond) => {
    await session.load();
    respond(200, session.toJSON());
  },
  '/set': (session, respond, query) => {
    session.assign(Object.fromEntries(query));
    respond(200, 'set');
  },
  '/login': (session, respond, query) => {
    session.login(query.get('owner')!);
    respond(302, '', { location: '/read' });
  },
  '/login-page': (session, respond, query) => {
    session.login(query.get('owner')!);
    respond(200, 'welcome');
  },
  '/login-swallowing': async (session, respond, query) => {
    session.login(query.get('owner')!);
    await session.save().catch(() => {});
    respond(302, '', { location: '/read' });
  },
  '/logout': (session, respond) => {
    session.logout();
    respond(302, '', { location: '/' });
  },
  '/rotate': (session, respond) => {
    session.rotate();
    respond(200, 'rotated');
  },
  '/count': async (session, respond) => {
    respond(200, await session.update('count', (n) => Number(n ?? 0) + 1));
  },
  '/save': async (session, respond, query) => {
    session.assign(Object.fromEntries(query));
    await session.save();
    respond(200, 'saved');
  },
  '/stream': (session, _respond, query, res) => {
    session.assign(Object.fromEntries(query));
    res.write('first');
    res.end('second');
  },
  '/try': (session, respond) => {
    try {
      session.set('tried', true);
      respond(200, 'written');
    } catch (error) {
      respond(200, error instanceof SessionError ? error.code : String(error));
    }
  },
};

function handle(session: Session, url: string, res: ServerResponse): unknown {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const respond: Respond = (status, body, headers = {}) => {
    res.statusCode = status;
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(body));
  };
  return HANDLERS[pathname]!(session, respond, searchParams, res);
}

function fail(errors: unknown[], error: unknown, res: ServerResponse): void {
  errors.push(error);
  res.statusCode = error instanceof SessionError ? error.status : 500;
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify(error instanceof SessionError ? error.code : 'untyped'));
}

async function listen(listener: RequestListener, errors: unknown[], handled: () => number): Promise<App> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    errors,
    get handled() {
      return handled();
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function expressApp(factory: Factory): Promise<App> {
  const errors: unknown[] = [];
  let handled = 0;
  const app = express();
  app.use((_req, _res, next) => {
    handled++;
    next();
  });
  app.use(sessions(factory));
  app.use((req, res) => handle(req.session, req.originalUrl, res));
  app.use(((error, _req, res, _next) => fail(errors, error, res)) satisfies ErrorRequestHandler);
  return await listen(app, errors, () => handled);
}

async function nodeApp(factory: Factory): Promise<App> {
  const errors: unknown[] = [];
  let handled = 0;
  const withSessions = withSession<Data>(
    factory,
    (req, res) => {
      const answering = async (): Promise<unknown> => handle(req.session, req.url!, res);
      answering().catch((error: unknown) => fail(errors, error, res));
    },
    { onError: (error, _req, res) => fail(errors, error, res) },
  );
  const listener: RequestListener = (req, res) => {
    handled++;
    withSessions(req, res);
  };
  return await listen(listener, errors, () => handled);
}

export const APPS: Readonly<Record<'Express' | 'node:http', (factory: Factory) => Promise<App>>> = {
  Express: expressApp,
  'node:http': nodeApp,
};
