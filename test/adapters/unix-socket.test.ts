// Behind a proxy on the same machine, an application often listens on a Unix socket, whose client has no address.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import express4 from 'express4';
import Fastify from 'fastify';
import Koa from 'koa';
import { afterEach, beforeEach, test } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { sessions as expressSessions } from 'websauna-session/express';
import { sessions as fastifySessions } from 'websauna-session/fastify';
import { sessions as koaSessions } from 'websauna-session/koa';
import { withSession } from 'websauna-session/node';

type Start = (factory: SessionFactory) => Server | Promise<Server>;

function onExpress(app: express.Express): Start {
  return (factory) => {
    app.use(expressSessions(factory));
    app.use((req, res) => {
      req.session.login('alice');
      res.end();
    });
    return createServer(app);
  };
}

const SERVERS: Readonly<Record<string, Start>> = {
  'Express 5': onExpress(express()),
  'Express 4': onExpress((express4 as unknown as typeof express)()),
  async Fastify(factory) {
    const app = Fastify();
    await app.register(fastifySessions(factory));
    app.get('/', ({ session }) => {
      session.login('alice');
      return '';
    });
    await app.ready();
    return app.server;
  },
  Koa(factory) {
    const app = new Koa();
    app.use(koaSessions(factory));
    app.use((ctx) => {
      ctx.session.login('alice');
      ctx.body = '';
    });
    const listener = app.callback();
    return createServer((req, res) => void listener(req, res));
  },
  'node:http': (factory) =>
    createServer(
      withSession(factory, ({ session }, res) => {
        session.login('alice');
        res.end();
      }),
    ),
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'websauna-session-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each(Object.entries(SERVERS))(
  'a session that came over a Unix socket has no address: %s',
  async (_name, start) => {
    const factory = createSessionFactory({
      secret: 'nothing that a site may use, but long enough',
    });
    const socketPath = join(folder, 'server');
    const server = await start(factory);
    server.listen(socketPath);
    await once(server, 'listening');
    const [response] = (await once(httpRequest({ socketPath, agent: false }).end(), 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    server.close();
    server.closeAllConnections();
    const [session] = await factory.owners.list('alice');
    assert.ok(session !== undefined);
    assert.equal(session.clientAddress, null);
  },
);
