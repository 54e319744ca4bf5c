import { Readable } from 'node:stream';
import Koa, { type Middleware } from 'koa';
import type { AnySession } from 'websauna-session/testing';
import { sessions } from 'websauna-session/koa';
import { runContract, serve, writeLate } from './run-contract.ts';

/** What koa-mount does: the middleware below sees the path without the prefix. */
function mount(prefix: string, middleware: Middleware): Middleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith(`${prefix}/`)) {
      await next();
      return;
    }
    const { path } = ctx;
    ctx.path = path.slice(prefix.length);
    await middleware(ctx, async () => {
      ctx.path = path;
      await next();
      ctx.path = path.slice(prefix.length);
    });
    ctx.path = path;
  };
}

runContract('Koa 3', async ({ sessions: given, routes, trustProxy, lateHeaders, onError }, prefix) => {
  const app = new Koa({ proxy: trustProxy });
  app.on('error', onError);
  app.use(async (ctx, next) => {
    writeLate(ctx.res, lateHeaders, 'in front');
    await next();
  });
  for (const { given: each, property } of given) app.use(mount(prefix, sessions(each, { property })));
  app.use(async (ctx, next) => {
    await next();
    if (lateHeaders?.position === 'behind') ctx.set(lateHeaders.headers);
  });
  app.use(
    mount(prefix, async (ctx) => {
      const handler = routes[ctx.path];
      if (handler === undefined) return;
      const { session, second } = ctx as unknown as Record<'session' | 'second', AnySession>;
      const answer = await handler(session, second);
      ctx.set(answer.headers ?? {});
      ctx.body = answer.stream === undefined ? (answer.body ?? '') : Readable.from(answer.stream);
      if (answer.redirect === undefined) ctx.status = answer.status ?? 200;
      else ctx.redirect(prefix + answer.redirect);
    }),
  );
  const handle = app.callback();
  return await serve((req, res) => void handle(req, res));
});
