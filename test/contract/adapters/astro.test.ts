import { sessions, type AstroContext, type AstroMiddleware } from 'websauna-session/astro';
import type { AnySession } from 'websauna-session/testing';
import { direct, errorResponder, PEER, runContract, toResponse } from './run-contract.ts';

interface Locals {
  session: AnySession;
  second: AnySession;
}

/** Astro's `sequence`. */
function sequence([first, ...rest]: readonly AstroMiddleware[]): AstroMiddleware {
  if (first === undefined) return async (_context, next) => await next();
  return async (context, next) => await first(context, () => sequence(rest)(context, next));
}

// Astro itself, which needs a bundler, is tried in examples/astro.
runContract('Astro', (app, prefix) => {
  const { sessions: given, routes, lateHeaders } = app;
  const fail = errorResponder(app);
  const onRequest = sequence(given.map(({ given: each, property }) => sessions(each, { property, onError: fail })));
  const render = async ({ request, locals }: AstroContext): Promise<Response> => {
    const handler = routes[new URL(request.url).pathname.slice(prefix.length)];
    if (handler === undefined) return new Response(null, { status: 404 });
    const { session, second } = locals as Locals;
    const response = toResponse(await handler(session, second), request.url, prefix);
    for (const [name, value] of Object.entries(lateHeaders?.headers ?? {})) response.headers.set(name, value);
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
  return direct(async (request) => {
    const context = { request, locals: {}, isPrerendered: false, clientAddress: PEER };
    return await onRequest(context, () => render(context));
  });
});
