import { Readable } from 'node:stream';
import fastify, { type FastifyPluginAsync } from 'fastify';
import type { AnySession } from 'websauna-session/testing';
import { sessions } from 'websauna-session/fastify';
import { PEER, runContract, writeLate } from './run-contract.ts';

runContract('Fastify 5', async ({ sessions: given, routes, trustProxy, lateHeaders, onError }, prefix) => {
  const app = fastify({ trustProxy });
  const plugin: FastifyPluginAsync = async (scope) => {
    scope.addHook('onRequest', async (_request, reply) => writeLate(reply.raw, lateHeaders, 'in front'));
    for (const { given: each, property } of given) await scope.register(sessions(each, { property }));
    // Hooks of one kind run in the order in which they were added: this one after the commit.
    scope.addHook('onSend', async (_request, reply) => {
      if (lateHeaders?.position === 'behind') reply.headers(lateHeaders.headers);
    });
    scope.setErrorHandler((error) => {
      onError(error);
      throw error;
    });
    for (const [path, handler] of Object.entries(routes)) {
      scope.route({
        method: ['GET', 'POST'],
        url: path,
        async handler(request, reply) {
          const { session, second } = request as unknown as Record<'session' | 'second', AnySession>;
          const answer = await handler(session, second);
          reply.headers(answer.headers ?? {});
          if (answer.redirect !== undefined) return await reply.redirect(prefix + answer.redirect);
          return await reply
            .status(answer.status ?? 200)
            .send(answer.stream === undefined ? (answer.body ?? '') : Readable.from(answer.stream));
        },
      });
    }
  };
  await app.register(plugin, { prefix });
  const origin = await app.listen({ host: PEER, port: 0 });
  return {
    origin,
    async close() {
      app.server.closeAllConnections();
      await app.close();
    },
  };
});
