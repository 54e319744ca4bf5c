import { nextSessions, type NextSessions } from 'websauna-session/next';
import type { AdapterApp, AnySession } from 'websauna-session/testing';
import { direct, PEER, runContract, statusOf, toResponse } from './run-contract.ts';

type Given = AdapterApp['sessions'][number]['given'];

runContract('route handlers of Next', ({ sessions: [first, second], routes, lateHeaders, onError }, prefix) => {
  const sessionsOf = (given: Given): NextSessions<AnySession> =>
    nextSessions<Record<string, unknown>>(given, {
      clientAddress: () => PEER,
      onError(error) {
        onError(error);
        return new Response('failed', { status: statusOf(error) });
      },
    });
  const own = sessionsOf(first!.given);
  const other = second && sessionsOf(second.given);
  const answer = async (request: Request, ...held: AnySession[]): Promise<Response> => {
    const handler = routes[new URL(request.url).pathname.slice(prefix.length)];
    if (handler === undefined) return new Response(null, { status: 404 });
    const answered = await handler(held[0]!, held[1]!);
    const response = toResponse(answered, request.url, prefix);
    for (const [name, value] of Object.entries(lateHeaders?.headers ?? {})) response.headers.set(name, value);
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
  return direct(
    own.route((request, held) => {
      if (other === undefined) return answer(request, held);
      return other.route((inner, another) => answer(inner, held, another))(request);
    }),
  );
});
