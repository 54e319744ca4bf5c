import { Readable } from 'node:stream';
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import type { SessionFactory } from '../../factory.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { assertInPlace } from '../mount.ts';
import { REPRESENTATION_HEADERS } from '../representation-headers.ts';
import { FastifyExchange } from './exchange.ts';
import { FastifyHead } from './head.ts';

/** The session belongs to the application that registers the plugin, not to a scope of the plugin's own. */
export const PLUGIN_MARKS: Readonly<Record<symbol, unknown>> = {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'websauna-session',
};

/** Returns a plugin that puts the sessions of a factory into a property of requests. */
export function createPlugin<Data extends object, S extends WebsaunaSession<Data>>(
  factory: SessionFactory<Data, S>,
  property: string,
): FastifyPluginCallback {
  /** In a request: its session, even when the application has replaced the property. */
  const opened: unique symbol = Symbol('websauna-session.opened');
  const place = (request: FastifyRequest, session: S): void => {
    const holder = request as unknown as Record<string | symbol, S>;
    holder[property] = session;
    holder[opened] = session;
  };
  const plugin: FastifyPluginCallback = (app, _options, done) => {
    app.decorateRequest(property, null);
    app.decorateRequest(opened, null);
    app.addHook('onRequest', (request, reply, next) => {
      const loading = factory.load(new FastifyExchange(request, reply));
      if (!(loading instanceof Promise)) {
        place(request, loading);
        return next();
      }
      loading.then((session) => {
        place(request, session);
        next();
      }, next);
    });
    app.addHook('onSend', (request, reply, payload, next) => {
      // A hook in front can have answered before there was a session.
      const session = (request as FastifyRequest & { [opened]?: S | null })[opened] ?? null;
      let committing: Promise<void> | undefined;
      try {
        if (session !== null && reply.statusCode < 500) assertInPlace(request, property);
        committing = session === null ? undefined : factory.commit(session, new FastifyHead(factory, session, reply));
      } catch (error) {
        return next(prepareErrorReply(reply, payload, error));
      }
      if (committing === undefined) return next(null, payload);
      startCommit(reply);
      committing.then(
        () => {
          endCommit(reply);
          next(null, payload);
        },
        (error: unknown) => {
          endCommit(reply);
          next(prepareErrorReply(reply, payload, error));
        },
      );
    });
    done();
  };
  return Object.assign(plugin, PLUGIN_MARKS);
}

/** In a reply that waits for a commit: its own `send`. */
const SEND: unique symbol = Symbol('websauna-session.send');

type CommittingReply = FastifyReply & { [SEND]?: FastifyReply['send'] };

/**
 * Until the commit is over, lets nothing be sent of a handler that returns nothing after it has answered, as Nest 11 does
 * after a redirect. Fastify takes its reply, which waits, for one that has not been sent, and a second one would end the
 * process. What is put into the reply stays there: to delete it would make the object slow.
 */
function startCommit(reply: CommittingReply): void {
  // oxlint-disable-next-line typescript/unbound-method -- it is called on the reply
  reply[SEND] = reply.send;
  reply.send = sendUnlessEmpty;
}

function endCommit(reply: CommittingReply): void {
  reply.send = reply[SEND]!;
}

function sendUnlessEmpty(this: CommittingReply, payload?: unknown): FastifyReply {
  return payload === undefined ? this : this[SEND]!.call(this, payload);
}

/** Clears a reply for the error's: headers that describe what is not sent, and the file or connection behind it. */
function prepareErrorReply(reply: FastifyReply, payload: unknown, error: unknown): Error {
  for (const name of REPRESENTATION_HEADERS) void reply.removeHeader(name);
  if (payload instanceof Readable) payload.destroy();
  return error as Error;
}
