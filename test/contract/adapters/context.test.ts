import { createSessionFactory, SessionFactory } from 'websauna-session';
import { getSession, serve } from 'websauna-session/context';
import type { AdapterApp, AnySession } from 'websauna-session/testing';
import { direct, PEER, runContract, statusOf, toResponse } from './run-contract.ts';

type Given = AdapterApp['sessions'][number]['given'];

function factoryOf(given: Given): SessionFactory<Record<string, unknown>> {
  return given instanceof SessionFactory ? given : createSessionFactory<Record<string, unknown>>(given);
}

// The handlers get their sessions by `getSession()` alone.
runContract('the context of a request', ({ sessions: [first, second], routes, lateHeaders, onError }, prefix) => {
  const factory = factoryOf(first!.given);
  const other = second && factoryOf(second.given);
  const options = {
    clientAddress: PEER,
    onError(error: unknown) {
      onError(error);
      return new Response('failed', { status: statusOf(error) });
    },
  };
  const answer = async (request: Request): Promise<Response> => {
    const handler = routes[new URL(request.url).pathname.slice(prefix.length)];
    if (handler === undefined) return new Response(null, { status: 404 });
    const held = getSession(factory) as AnySession;
    const response = toResponse(
      await handler(held, other === undefined ? held : getSession(other)),
      request.url,
      prefix,
    );
    for (const [name, value] of Object.entries(lateHeaders?.headers ?? {})) response.headers.set(name, value);
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
  const handle = async (request: Request): Promise<Response> =>
    other === undefined ? await answer(request) : await serve(other, request, () => answer(request), options);
  return direct((request) => serve(factory, request, () => handle(request), options));
});
