import { createAdaptorServer } from '@hono/node-server';
import { Hono, type MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AdapterApp, AnySession } from 'websauna-session/testing';
import { sessions } from 'websauna-session/hono';
import type { Server } from 'node:http';
import { direct, listening, PEER, runContract, statusOf, streamOf } from './run-contract.ts';

function build({ sessions: given, routes, lateHeaders, onError }: AdapterApp, prefix: string, peer?: string): Hono {
  const app = new Hono({ strict: false }).basePath(prefix || '/');
  const late =
    (position: 'in front' | 'behind'): MiddlewareHandler =>
    async (c, next) => {
      await next();
      if (lateHeaders?.position !== position) return;
      for (const [name, value] of Object.entries(lateHeaders.headers)) c.header(name, value);
    };
  app.use(late('in front'));
  for (const { given: each, property } of given) {
    app.use(sessions(each, { property, ...(peer === undefined ? {} : { clientAddress: () => peer }) }));
  }
  app.use(late('behind'));
  app.onError((error, c) => {
    onError(error);
    return c.text('failed', statusOf(error) as ContentfulStatusCode);
  });
  for (const [path, handler] of Object.entries(routes)) {
    app.all(path, async (c) => {
      const { session, second } = c.var as Record<'session' | 'second', AnySession>;
      const answer = await handler(session, second);
      for (const [name, value] of Object.entries(answer.headers ?? {})) c.header(name, value);
      if (answer.redirect !== undefined) return c.redirect(prefix + answer.redirect);
      c.status((answer.status ?? 200) as ContentfulStatusCode);
      return c.body(answer.stream === undefined ? (answer.body ?? '') : streamOf(answer.stream));
    });
  }
  return app;
}

runContract('Hono 4', (app, prefix) => direct(build(app, prefix, PEER).fetch));

runContract('Hono 4 on @hono/node-server', async (app, prefix) => {
  return await listening(createAdaptorServer({ fetch: build(app, prefix).fetch }) as Server);
});
