import { Readable } from 'node:stream';
import express from 'express';
import express4 from 'express4';
import type { AnySession, RouteAnswer } from 'websauna-session/testing';
import { sessions } from 'websauna-session/express';
import { runContract, serve, writeLate, type StartApp } from './run-contract.ts';

const startWith =
  (framework: typeof express): StartApp =>
  async ({ sessions: given, routes, trustProxy, lateHeaders, onError }, prefix) => {
    const router = framework.Router();
    const late =
      (position: 'in front' | 'behind'): express.RequestHandler =>
      (_req, res, next) => {
        writeLate(res, lateHeaders, position);
        next();
      };
    router.use(late('in front'));
    for (const each of given) router.use(sessions(each.given, { property: each.property }));
    router.use(late('behind'));
    for (const [path, handler] of Object.entries(routes)) {
      router.all(path, (req, res, next) => {
        const { session, second } = req as unknown as Record<'session' | 'second', AnySession>;
        const respond = ({ status = 200, headers = {}, body = '', stream, redirect }: RouteAnswer): void => {
          res.status(status).set(headers);
          if (redirect !== undefined) res.redirect(prefix + redirect);
          else if (stream !== undefined) Readable.from(stream).pipe(res);
          else res.send(body);
        };
        new Promise<RouteAnswer>((resolve) => resolve(handler(session, second))).then(respond).catch(next);
      });
    }
    const app = framework();
    app.set('trust proxy', trustProxy ? 1 : false);
    app.set('env', 'test');
    app.use(prefix || '/', router);
    const onFailure: express.ErrorRequestHandler = (error, _req, _res, next) => {
      onError(error);
      next(error);
    };
    app.use(onFailure);
    return await serve(app);
  };

runContract('Express 5', startWith(express));
runContract('Express 4', startWith(express4 as unknown as typeof express));
