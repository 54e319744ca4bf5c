import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, SessionOptions, WebsaunaSession } from '../index.ts';
import { checkNames } from '../internal/validate.ts';
import { FastifyExchange } from './fastify/exchange.ts';
import { FastifyHead } from './fastify/head.ts';
import { REPRESENTATION_HEADERS } from './representation-headers.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';

/** Adds the session to `FastifyRequest`. Inherited, so that the property of another session package takes its place. */
interface RequestWithSession {
  /** The session of this request. */
  session: 'sessionStore' extends keyof FastifyRequest ? unknown : WebsaunaSession;
}

declare module 'fastify' {
  interface FastifyRequest extends RequestWithSession {}
}

export interface FastifySessionOptions {
  /** The request's property that holds the session. Default `session`. */
  property?: string;
}

/** What `app.register(sessions, options)` takes. */
export type FastifySessionPluginOptions = SessionOptions & FastifySessionOptions;

/** A plugin, and a function that makes one. */
export interface FastifySessions {
  <Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
    given: FactoryOrOptions<Data, S>,
    options?: FastifySessionOptions,
  ): FastifyPluginCallback;
  (app: FastifyInstance, options: FastifySessionPluginOptions, done: (error?: Error) => void): void;
}

/** The session belongs to the application that registers the plugin, not to a scope of the plugin's own. */
const MARKS = {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'websauna-session',
};

/**
 * A Fastify plugin: opens `request.session` in `onRequest` and commits it in `onSend`, before the headers
 * leave. `trustProxy` decides about HTTPS and the client's address. A reply that is hijacked is not
 * committed: call `await request.session.save()` before, and note that it carries no new cookie.
 *
 * `register(sessions(factory))` does the same with a factory that other parts of the application use.
 *
 * @example
 * ```ts
 * await app.register(sessions, { secret, redis: { url } });
 * app.get('/', (request) => `Hello ${request.session.owner ?? 'stranger'}`);
 * ```
 */
export const sessions: FastifySessions = Object.assign(sessionsOrPlugin as FastifySessions, MARKS);

export default sessions;

function sessionsOrPlugin(
  first: FactoryOrOptions<DefaultData, WebsaunaSession> | FastifyInstance,
  options: FastifySessionOptions | FastifySessionPluginOptions = {},
  done?: (error?: Error) => void,
): FastifyPluginCallback | undefined {
  if (done === undefined) {
    return createPlugin(first as FactoryOrOptions<DefaultData, WebsaunaSession>, options);
  }
  const { property, ...factoryOptions } = options as FastifySessionPluginOptions;
  try {
    const plugin = createPlugin(factoryOptions, property === undefined ? {} : { property });
    plugin(first as FastifyInstance, {}, done);
  } catch (error) {
    done(error as Error);
  }
  return undefined;
}

function createPlugin<Data extends object, S extends WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  options: FastifySessionOptions,
): FastifyPluginCallback {
  const factory = resolveFactory(given);
  checkNames('options', options, ['property']);
  const { property = 'session' } = options;
  const plugin: FastifyPluginCallback = (app, _options, done) => {
    app.decorateRequest(property, null);
    app.addHook('onRequest', (request, reply, next) => {
      const holder = request as unknown as Record<string, S>;
      const opened = factory.load(new FastifyExchange(request, reply));
      if (opened instanceof Promise) {
        opened.then((session) => {
          holder[property] = session;
          next();
        }, next);
      } else {
        holder[property] = opened;
        next();
      }
    });
    app.addHook('onSend', (request, reply, payload, next) => {
      // A hook in front can have answered before there was a session.
      const session = (request as unknown as Record<string, S | null>)[property];
      let committing: Promise<void> | undefined;
      try {
        committing = session == null ? undefined : factory.commit(session, new FastifyHead(factory, session, reply));
      } catch (error) {
        return next(prepareErrorReply(reply, payload, error));
      }
      if (committing === undefined) return next(null, payload);
      committing.then(
        () => next(null, payload),
        (error: unknown) => next(prepareErrorReply(reply, payload, error)),
      );
    });
    done();
  };
  return Object.assign(plugin, MARKS);
}

/** Clears a reply for the error's: headers that describe what is not sent, and the file or connection behind it. */
function prepareErrorReply(reply: FastifyReply, payload: unknown, error: unknown): Error {
  for (const name of REPRESENTATION_HEADERS) void reply.removeHeader(name);
  if (payload instanceof Readable) payload.destroy();
  return error as Error;
}
