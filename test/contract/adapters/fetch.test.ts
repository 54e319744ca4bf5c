import { sessions, withSession } from 'websauna-session/fetch';
import type { AnySession } from 'websauna-session/testing';
import { direct, PEER, runContract, statusOf, toResponse } from './run-contract.ts';

runContract('Fetch', ({ sessions: [first, second], routes, lateHeaders, onError }, prefix) => {
  const options = {
    clientAddress: () => PEER,
    onError(error: unknown) {
      onError(error);
      return new Response('failed', { status: statusOf(error) });
    },
  };
  const answer = async (request: Request, ...held: AnySession[]): Promise<Response> => {
    const handler = routes[new URL(request.url).pathname.slice(prefix.length)];
    if (handler === undefined) return new Response(null, { status: 404 });
    const response = toResponse(await handler(held[0]!, held[1]!), request.url, prefix);
    // Nothing stands in front of the outermost function: it hands the response out.
    for (const [name, value] of Object.entries(lateHeaders?.headers ?? {})) response.headers.set(name, value);
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
  const withSecond = second === undefined ? undefined : sessions(second.given);
  const handle = async (request: Request, session: AnySession): Promise<Response> => {
    if (withSecond === undefined) return await answer(request, session);
    return await withSecond((inner, other) => answer(inner, session, other), options)(request);
  };
  return direct(withSession(first!.given, handle, options));
});
