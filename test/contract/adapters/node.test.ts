import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { AdapterApp, AnySession } from 'websauna-session/testing';
import { sessions, withSession } from 'websauna-session/node';
import { runContract, serve, statusOf, writeLate } from './run-contract.ts';

type Mounted = IncomingMessage & { originalUrl?: string } & Partial<Record<'session' | 'second', AnySession>>;

async function answer(
  { routes, lateHeaders }: AdapterApp,
  req: Mounted,
  res: ServerResponse,
  prefix: string,
): Promise<void> {
  writeLate(res, lateHeaders, 'behind');
  const handler = routes[req.url!.replace(/\?.*/, '')];
  if (handler === undefined) return void res.writeHead(404).end();
  const { status = 200, headers, body, stream, redirect } = await handler(req.session!, req.second!);
  if (redirect !== undefined) return void res.writeHead(302, { ...headers, location: prefix + redirect }).end();
  res.writeHead(status, headers);
  if (stream === undefined) res.end(body);
  else Readable.from(stream).pipe(res);
}

function fail(app: AdapterApp, error: unknown, res: ServerResponse): void {
  app.onError(error);
  res.statusCode = statusOf(error);
  res.end('failed');
}

/** What Connect does when it mounts something below a prefix. */
function mount({ lateHeaders }: AdapterApp, prefix: string, listener: RequestListener): RequestListener {
  return (req: Mounted, res) => {
    writeLate(res, lateHeaders, 'in front');
    req.originalUrl = req.url!;
    req.url = req.url!.slice(prefix.length);
    listener(req, res);
  };
}

runContract('node:http with withSession', async (app, prefix) => {
  const [first, second] = app.sessions;
  const options = { onError: (error: unknown, _req: IncomingMessage, res: ServerResponse) => fail(app, error, res) };
  const middleware = second === undefined ? undefined : sessions(second.given, { property: second.property });
  const listener = withSession(
    first!.given,
    async (req, res) => {
      if (middleware !== undefined) {
        await new Promise<void>((resolve, reject) => {
          middleware(req, res, (error) => (error === undefined ? resolve() : reject(error)));
        });
      }
      await answer(app, req, res, prefix);
    },
    options,
  );
  return await serve(mount(app, prefix, listener));
});

runContract('node:http with Connect-style sessions', async (app, prefix) => {
  const stack = app.sessions.map(({ given, property }) => sessions(given, { property }));
  const run = (req: IncomingMessage, res: ServerResponse, at: number): void => {
    const layer = stack[at];
    const next = (error?: unknown): void => (error === undefined ? run(req, res, at + 1) : fail(app, error, res));
    if (layer !== undefined) layer(req, res, next);
    else answer(app, req as Mounted, res, prefix).catch(next);
  };
  return await serve(mount(app, prefix, (req, res) => run(req, res, 0)));
});

/** What a framework of its own on `node:http` knows of a request; it believes one proxy if it is told so. */
class Call {
  readonly req: IncomingMessage;
  readonly secure: boolean;
  readonly address: string;

  constructor(req: IncomingMessage, trustProxy: boolean) {
    const forwarded = (name: string): string | undefined =>
      trustProxy
        ? String(req.headers[name] ?? '')
            .split(',')
            .at(-1)!
            .trim() || undefined
        : undefined;
    this.req = req;
    this.secure = forwarded('x-forwarded-proto') === 'https';
    this.address = forwarded('x-forwarded-for') ?? req.socket.remoteAddress!;
  }
}

runContract('a framework on node:http that describes its requests', async (app, prefix) => {
  const calls = new WeakMap<IncomingMessage, Call>();
  const stack = app.sessions.map(({ given, property }) =>
    sessions(given, {
      property,
      secure: (req) => calls.get(req)!.secure,
      clientAddress: (req) => calls.get(req)!.address,
      native: (req) => calls.get(req),
    }),
  );
  const run = (req: IncomingMessage, res: ServerResponse, at: number): void => {
    const layer = stack[at];
    const next = (error?: unknown): void => (error === undefined ? run(req, res, at + 1) : fail(app, error, res));
    if (layer !== undefined) layer(req, res, next);
    else answer(app, req as Mounted, res, prefix).catch(next);
  };
  const listener: RequestListener = (req, res) => {
    calls.set(req, new Call(req, app.trustProxy));
    run(req, res, 0);
  };
  return await serve(mount(app, prefix, listener));
});
