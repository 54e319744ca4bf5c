import { expect, test } from 'vitest';
import { createSessionFactory, SessionFactory } from 'websauna-session';
import { getSession, sessions } from 'websauna-session/react-router';
import type { AdapterApp, AnySession } from 'websauna-session/testing';
import { direct, errorResponder, PEER, runContract, toResponse } from './run-contract.ts';

type Given = AdapterApp['sessions'][number]['given'];

function factoryOf(given: Given): SessionFactory<Record<string, unknown>> {
  return given instanceof SessionFactory ? given : createSessionFactory<Record<string, unknown>>(given);
}

// React Router itself, which needs a bundler, is tried in examples/react-router.
runContract('React Router', (app, prefix) => {
  const { sessions: given, routes, lateHeaders } = app;
  const fail = errorResponder(app);
  const factories = given.map((each) => factoryOf(each.given));
  const middleware = factories.map((factory) => sessions(factory, { clientAddress: () => PEER, onError: fail }));
  const load = async (request: Request): Promise<Response> => {
    const handler = routes[new URL(request.url).pathname.slice(prefix.length)];
    if (handler === undefined) return new Response(null, { status: 404 });
    const [session, second] = factories.map((factory) => getSession(factory) as AnySession);
    const response = toResponse(await handler(session!, second!), request.url, prefix);
    for (const [name, value] of Object.entries(lateHeaders?.headers ?? {})) response.headers.set(name, value);
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
  // As React Router runs the middleware of routes.
  return direct((request) => {
    const run = (index: number): Promise<Response> =>
      index === middleware.length ? load(request) : middleware[index]!({ request }, () => run(index + 1));
    return run(0);
  });
});

test('sessions have no address where the application hands none on', async () => {
  const secret = 'thirty-two bytes of secret or more';
  const factory = createSessionFactory({ secret });
  for (const options of [{}, { clientAddress: () => undefined }]) {
    await sessions(factory, options)({ request: new Request('http://localhost/') }, async () => {
      getSession(factory).login('alice');
      return new Response();
    });
  }
  const listed = await factory.owners.list('alice');
  expect(listed.map(({ clientAddress }) => clientAddress)).toEqual([null, null]);
});
