import 'reflect-metadata';
import { Readable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import {
  All,
  Catch,
  Controller,
  Get,
  Module,
  Req,
  Res,
  UseGuards,
  type ArgumentsHost,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { createSessionFactory, SessionFactory, type WebsaunaSession } from 'websauna-session';
import { sessions as expressSessions } from 'websauna-session/express';
import { sessions as fastifySessions } from 'websauna-session/fastify';
import { Owner, OwnerGuard, Session, SessionErrorFilter, SessionModule } from 'websauna-session/nest';
import type { AdapterApp, AnySession, RouteAnswer, RunningApp } from 'websauna-session/testing';
import { PEER, runContract, writeLate } from './run-contract.ts';

type Method = (...args: never[]) => unknown;

/** Makes a controller as decorators would: `parameters` decorate the arguments of its methods, in their order. */
function controllerOf(
  methods: Record<
    string,
    { run: Method; decorators: readonly MethodDecorator[]; parameters: readonly ParameterDecorator[] }
  >,
): new () => object {
  class AnyController {}
  for (const [name, { run, decorators, parameters }] of Object.entries(methods)) {
    const descriptor = { value: run, configurable: true, writable: true };
    Object.defineProperty(AnyController.prototype, name, descriptor);
    for (const [index, decorate] of parameters.entries()) decorate(AnyController.prototype, name, index);
    for (const decorate of decorators) decorate(AnyController.prototype, name, descriptor);
  }
  Controller()(AnyController);
  return AnyController;
}

function moduleOf(imports: unknown[], controller: new () => object): new () => object {
  class AppModule {}
  Module({ imports: imports as [], controllers: [controller] })(AppModule);
  return AppModule;
}

type Respond = (answer: RouteAnswer, res: never, prefix: string) => unknown;

function routesOf({ routes }: AdapterApp, prefix: string, respond: Respond): new () => object {
  const entries = Object.entries(routes).map(([path, handler], index) => {
    const run = async (session: AnySession, req: { second: AnySession }, res: never): Promise<void> => {
      await respond(await handler(session, req.second), res, prefix);
    };
    return [`route${index}`, { run, decorators: [All(path)], parameters: [Session(), Req(), Res()] }] as const;
  });
  return controllerOf(Object.fromEntries(entries));
}

async function start(
  { sessions: [first], onError }: AdapterApp,
  controller: new () => object,
  prefix: string,
  adapter: AbstractHttpAdapter,
  behind: (app: INestApplication) => unknown,
): Promise<RunningApp> {
  const imports = [SessionModule.forRootAsync({ inject: [], useFactory: async () => first!.given })];
  const app = await NestFactory.create(moduleOf(imports, controller), adapter, { logger: false });
  app.setGlobalPrefix(prefix);
  class Filter extends SessionErrorFilter {
    override catch(error: unknown, host: ArgumentsHost): void {
      onError(error);
      super.catch(error, host);
    }
  }
  Catch()(Filter);
  app.useGlobalFilters(new Filter(adapter));
  await behind(app);
  await app.listen(0, PEER);
  return {
    origin: await app.getUrl(),
    async close() {
      app.getHttpServer().closeAllConnections();
      await app.close();
    },
  };
}

type ExpressResponse = ServerResponse & { status(code: number): ExpressResponse } & Record<
    'set' | 'send' | 'redirect',
    (value: unknown) => unknown
  >;

runContract('Nest 12 on Express', async (app, prefix) => {
  const adapter = new ExpressAdapter();
  adapter.set('trust proxy', app.trustProxy ? 1 : false);
  // Express would give one to Nest's error, which is not that of the page.
  adapter.set('etag', false);
  const late =
    (position: 'in front' | 'behind') =>
    (_req: unknown, res: ServerResponse, next: () => void): void => {
      writeLate(res, app.lateHeaders, position);
      next();
    };
  adapter.use(late('in front'));
  const respond = (
    { status = 200, headers = {}, body = '', stream, redirect }: RouteAnswer,
    res: ExpressResponse,
  ): void => {
    res.status(status).set(headers);
    if (redirect !== undefined) res.redirect(prefix + redirect);
    else if (stream !== undefined) Readable.from(stream).pipe(res);
    else res.send(body);
  };
  return await start(app, routesOf(app, prefix, respond), prefix, adapter, (nest) => {
    for (const { given, property } of app.sessions.slice(1)) nest.use(expressSessions(given, { property }));
    nest.use(late('behind'));
  });
});

runContract('Nest 12 on Fastify', async (app, prefix) => {
  const { lateHeaders, trustProxy } = app;
  const adapter = new FastifyAdapter({ trustProxy, routerOptions: { ignoreTrailingSlash: true } });
  adapter.getInstance().addHook('onRequest', async (_request, reply) => writeLate(reply.raw, lateHeaders, 'in front'));
  const respond = async (answer: RouteAnswer, reply: FastifyReply): Promise<unknown> => {
    void reply.headers(answer.headers ?? {});
    if (answer.redirect !== undefined) return await reply.redirect(prefix + answer.redirect, 302);
    void reply.status(answer.status ?? 200);
    return await reply.send(answer.stream === undefined ? (answer.body ?? '') : Readable.from(answer.stream));
  };
  return await start(app, routesOf(app, prefix, respond), prefix, adapter as never, async (nest) => {
    const { register } = (nest as NestFastifyApplication).getHttpAdapter() as unknown as FastifyAdapter;
    for (const { given, property } of app.sessions.slice(1)) {
      await Reflect.apply(register, adapter, [fastifySessions(given, { property })]);
    }
    adapter.getInstance().addHook('onSend', async (_request, reply) => {
      if (lateHeaders?.position === 'behind') void reply.headers(lateHeaders.headers);
    });
  });
});

const ADAPTERS = {
  Express: () => new ExpressAdapter(),
  Fastify: () => new FastifyAdapter() as unknown as AbstractHttpAdapter,
};
const secret = 'thirty-two bytes of secret or more';

describe.each(Object.entries(ADAPTERS))('the Nest module on %s', (_name, createAdapter) => {
  let app: INestApplication | undefined;
  afterEach(async () => await app?.close());

  const controller = controllerOf({
    login: {
      run: (session: WebsaunaSession) => session.login('alice'),
      decorators: [Get('login')],
      parameters: [Session()],
    },
    who: { run: (owner: string | null) => ({ owner }), decorators: [Get('who')], parameters: [Owner()] },
    own: { run: () => 'own', decorators: [Get('own'), UseGuards(OwnerGuard)], parameters: [] },
  });

  const listen = async (imports: unknown[]): Promise<string> => {
    app = await NestFactory.create(moduleOf(imports, controller), createAdapter(), { logger: false });
    await app.listen(0, PEER);
    return await app.getUrl();
  };

  test('options come from a provider, and handlers get session and owner', async () => {
    class Config {
      readonly secret = secret;
    }
    class ConfigModule {}
    Module({ providers: [Config], exports: [Config] })(ConfigModule);
    const useFactory = (config: Config): { secret: string } => ({ secret: config.secret });
    const origin = await listen([
      SessionModule.forRootAsync({ imports: [ConfigModule], inject: [Config], useFactory }),
    ]);
    expect(await (await fetch(`${origin}/who`)).json()).toEqual({ owner: null });
    expect((await fetch(`${origin}/own`)).status).toBe(401);
    const login = await fetch(`${origin}/login`);
    const headers = { cookie: login.headers.getSetCookie()[0]!.split(';')[0]! };
    expect(await (await fetch(`${origin}/who`, { headers })).json()).toEqual({ owner: 'alice' });
    expect(await (await fetch(`${origin}/own`, { headers })).text()).toBe('own');
    expect(await app!.get(SessionFactory).owners.list('alice')).toHaveLength(1);
  });

  test('a module that is compiled before it has an adapter opens sessions all the same', async () => {
    const { Test } = await import('@nestjs/testing');
    const compiled = await Test.createTestingModule({
      imports: [SessionModule.forRoot(createSessionFactory({ secret }))],
      controllers: [controller],
    }).compile();
    app = compiled.createNestApplication(createAdapter(), { logger: false });
    await app.listen(0, PEER);
    const login = await fetch(`${await app.getUrl()}/login`);
    expect(login.headers.getSetCookie()).toHaveLength(1);
  });

  test('without the module, a handler that wants the session is told what is missing', async () => {
    const origin = await listen([]);
    expect((await fetch(`${origin}/who`)).status).toBe(500);
  });
});
