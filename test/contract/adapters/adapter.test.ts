// The contract over adapters that are made of `websauna-session/adapter` alone.
import { createServer, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll } from 'vitest';
import { finalizeBeforeSend, NodeExchange, NodeHead, resolveFactory } from 'websauna-session/adapter';
import type { AdapterApp, AnySession, RouteAnswer } from 'websauna-session/testing';
import { PageFiles } from '../../support/page-files.ts';
import {
  direct,
  errorResponder,
  listening,
  PEER,
  runContract,
  statusOf,
  toResponse,
  writeLate,
} from './run-contract.ts';

const page = new PageFiles('docs/add-an-adapter.md');
afterAll(() => page.remove());

interface Context {
  readonly request: Request;
  readonly address: string;
  readonly state: Record<string, AnySession>;
  errorResponse(error: unknown): Response;
  onSent(callback: () => void): void;
}
type Middleware = (context: Context, next: () => Promise<Response>) => Promise<Response>;

const { sessions } = (await page.load('fetch-sessions.ts')) as {
  sessions(given: AdapterApp['sessions'][number]['given'], property: string): Middleware;
};

/** Runs a callback when the body of a response has been sent: nothing else is known of it here. */
function whenSent(response: Response, callback: () => void): Response {
  if (response.body === null) {
    setImmediate(callback);
    return response;
  }
  const body = response.body.pipeThrough(new TransformStream({ flush: () => void setImmediate(callback) }));
  return new Response(body, response);
}

runContract('Fetch, by FetchExchange and FetchHead', (app, prefix) => {
  const respond = errorResponder(app);
  const stack = app.sessions.map(({ given, property }) => sessions(given, property));
  const route = async ({ request, state }: Context): Promise<Response> => {
    try {
      const handler = app.routes[new URL(request.url).pathname.slice(prefix.length)]!;
      const response = toResponse(await handler(state['session']!, state['second']!), request.url, prefix);
      for (const [name, value] of Object.entries(app.lateHeaders?.headers ?? {})) response.headers.set(name, value);
      return request.method === 'HEAD' ? new Response(null, response) : response;
    } catch (error) {
      return respond(error);
    }
  };
  const run = async (context: Context, at: number): Promise<Response> => {
    const layer = stack[at];
    return layer === undefined ? await route(context) : await layer(context, async () => await run(context, at + 1));
  };
  return direct(async (request) => {
    const callbacks: (() => void)[] = [];
    const onSent = (callback: () => void): void => void callbacks.push(callback);
    const context = { request, address: PEER, state: {}, errorResponse: respond, onSent };
    const response = await run(context, 0).catch(respond);
    return whenSent(response, () => callbacks.forEach((callback) => callback()));
  });
});

/** Puts a head into a response, in place of what was there. */
function putHead(res: ServerResponse, { status = 200, headers = {} }: RouteAnswer): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
}

// Handlers return what the framework puts into Node's response and sends at the end.
runContract('node:http, by NodeExchange and NodeHead', async (app, prefix) => {
  const mounts = app.sessions.map(({ given, property }) => ({ factory: resolveFactory(given), property }));
  const fail = (error: unknown): RouteAnswer => {
    app.onError(error);
    return { status: statusOf(error), body: 'failed' };
  };
  const server = createServer((req, res) => {
    const answer = async (opened: readonly AnySession[]): Promise<RouteAnswer> => {
      const handler = app.routes[new URL(req.url!, 'http://localhost').pathname.slice(prefix.length)]!;
      const given = await handler(opened[0]!, opened[1]!);
      return given.redirect === undefined
        ? given
        : { status: 302, headers: { ...given.headers, location: prefix + given.redirect } };
    };
    const handle = async (): Promise<RouteAnswer> => {
      const opened: AnySession[] = [];
      for (const { factory } of mounts) opened.push(await factory.load(new NodeExchange(factory, req, res)));
      let given = await answer(opened).catch(fail);
      putHead(res, given);
      writeLate(res, app.lateHeaders, 'behind');
      for (const [i, { factory }] of mounts.entries()) {
        try {
          await factory.commit(opened[i]!, new NodeHead(res));
        } catch (error) {
          given = fail(error);
          putHead(res, given);
          await factory.commit(opened[i]!, new NodeHead(res));
        }
        finalizeBeforeSend(factory, opened[i]!, res);
      }
      return given;
    };
    writeLate(res, app.lateHeaders, 'in front');
    void handle()
      .catch((error: unknown) => {
        const failed = fail(error);
        putHead(res, failed);
        return failed;
      })
      .then(({ body = '', stream }) => pipeline(Readable.from(stream ?? [body]), res))
      .catch(() => res.destroy());
  });
  return await listening(server);
});
