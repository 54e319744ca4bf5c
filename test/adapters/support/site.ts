import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import express from 'express';
import express4 from 'express4';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { sessions as expressSessions } from 'websauna-session/express';
import { sessions, withSession } from 'websauna-session/node';
import { ask, type Answer, type AskInit } from './client.ts';
import { StoreGate } from './store-gate.ts';

export type Respond = (req: IncomingMessage, res: ServerResponse) => unknown;
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

export interface SiteSpec {
  readonly respond: Respond;
  /** What the handler does to its session before it responds. Default: nothing. */
  readonly use?: (session: WebsaunaSession) => unknown;
  /** Middleware in front of the sessions. */
  readonly front?: readonly Middleware[];
  /** Middleware behind the sessions. */
  readonly behind?: readonly Middleware[];
  /** What the framework's error handler waits for before it answers. Default: nothing. */
  readonly released?: Promise<void>;
}

export const FRAMEWORKS = ['node:http', 'Express 5', 'Express 4'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** A small site on one framework, or `plain`, without sessions. Every URL is answered alike. */
export class Site {
  readonly gate: StoreGate = new StoreGate();
  readonly factory: SessionFactory;
  /** What the framework's error handler was given. */
  readonly errors: unknown[] = [];
  readonly server: Server;
  readonly #sockets: Socket[] = [];

  readonly #released: Promise<void> | undefined;

  private constructor(framework: Framework | 'plain', spec: SiteSpec) {
    this.#released = spec.released;
    this.factory = createSessionFactory({
      secret: 'nothing that a site may use, but long enough',
      store: this.gate.store,
    });
    this.server = createServer(this.#listener(framework, spec));
    this.server.on('connection', (socket) => this.#sockets.push(socket));
  }

  static async open(framework: Framework | 'plain', spec: SiteSpec): Promise<Site> {
    const site = new Site(framework, spec);
    site.server.listen(0, '127.0.0.1');
    await once(site.server, 'listening');
    return site;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Bytes that were handed to the clients' connections so far. */
  get bytesSent(): number {
    return this.#sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0);
  }

  get errorCodes(): unknown[] {
    return this.errors.map((error) => (error as { code?: unknown }).code);
  }

  async ask(init?: AskInit): Promise<Answer> {
    return await ask(this.port, init);
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server, 'close');
    await this.factory.close();
  }

  #listener(framework: Framework | 'plain', spec: SiteSpec): RequestListener {
    const { respond, use, front = [], behind = [] } = spec;
    const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
      if (framework !== 'plain') await use?.((req as unknown as { session: WebsaunaSession }).session);
      await respond(req, res);
    };
    if (framework.startsWith('Express')) return this.#express(framework, handle, front, behind);
    const onError = (error: unknown, _req: IncomingMessage, res: ServerResponse): void => this.#fail(error, res);
    if (framework === 'node:http' && front.length + behind.length === 0) {
      return withSession(this.factory, handle, { onError });
    }
    const stack = [...front, ...(framework === 'plain' ? [] : [sessions(this.factory)]), ...behind];
    return (req, res) => this.#run(stack, handle, req, res);
  }

  #run(stack: readonly Middleware[], handle: Respond, req: IncomingMessage, res: ServerResponse): void {
    const [first, ...rest] = stack;
    const next = (error?: unknown): void => {
      if (error === undefined) this.#run(rest, handle, req, res);
      else this.#fail(error, res);
    };
    if (first !== undefined) first(req, res, next);
    else Promise.resolve(handle(req, res)).catch(next);
  }

  #express(
    framework: string,
    handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>,
    front: readonly Middleware[],
    behind: readonly Middleware[],
  ): RequestListener {
    const app = framework === 'Express 4' ? (express4 as unknown as typeof express)() : express();
    app.set('env', 'test').disable('x-powered-by');
    for (const middleware of [...front, expressSessions(this.factory), ...behind]) {
      app.use(middleware);
    }
    app.use((req, res, next) => void handle(req, res).catch(next));
    const onFailure: express.ErrorRequestHandler = (error, _req, _res, next) => {
      this.errors.push(error);
      this.#answerWhenReleased(() => next(error));
    };
    app.use(onFailure);
    return app;
  }

  #answerWhenReleased(answer: () => void): void {
    if (this.#released === undefined) answer();
    else void this.#released.then(answer);
  }

  #fail(error: unknown, res: ServerResponse): void {
    this.errors.push(error);
    this.#answerWhenReleased(() => answerWith(error, res));
  }
}

function answerWith(error: unknown, res: ServerResponse): void {
  if (res.headersSent) {
    if (!res.writableEnded) res.destroy();
    return;
  }
  res.statusCode = (error as { status?: number }).status ?? 500;
  res.setHeader('content-type', 'text/plain');
  res.end('failed');
}

/** Runs `act` with a site, and closes it in any case. */
export async function withSite(
  framework: Framework | 'plain',
  spec: SiteSpec,
  act: (site: Site) => Promise<void>,
): Promise<void> {
  const site = await Site.open(framework, spec);
  try {
    await act(site);
  } finally {
    await site.close();
  }
}
