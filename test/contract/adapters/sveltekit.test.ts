import { sessions, type SvelteKitEvent, type SvelteKitHandle } from 'websauna-session/sveltekit';
import type { AnySession } from 'websauna-session/testing';
import { direct, errorResponder, PEER, runContract, toResponse } from './run-contract.ts';

interface Locals {
  session: AnySession;
  second: AnySession;
}

/** SvelteKit's `sequence`. */
function sequence([first, ...rest]: readonly SvelteKitHandle[]): SvelteKitHandle {
  if (rest.length === 0) return first!;
  return async ({ event, resolve }) =>
    await first!({ event, resolve: (inner) => sequence(rest)({ event: inner, resolve }) });
}

// SvelteKit itself, which needs a bundler, is tried in examples/sveltekit.
runContract('SvelteKit', (app, prefix) => {
  const { sessions: given, routes, lateHeaders } = app;
  const fail = errorResponder(app);
  const handle = sequence(given.map(({ given: each, property }) => sessions(each, { property, onError: fail })));
  const resolve = async ({ request, locals }: SvelteKitEvent): Promise<Response> => {
    const handler = routes[new URL(request.url).pathname.slice(prefix.length)];
    if (handler === undefined) return new Response(null, { status: 404 });
    const { session, second } = locals as Locals;
    const response = toResponse(await handler(session, second), request.url, prefix);
    for (const [name, value] of Object.entries(lateHeaders?.headers ?? {})) response.headers.set(name, value);
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
  return direct((request) =>
    handle({ event: { request, locals: {}, isSubRequest: false, getClientAddress: () => PEER }, resolve }),
  );
});
