import type { FastifyInstance, FastifyPluginCallback, FastifyRequest } from 'fastify';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, SessionOptions, WebsaunaSession } from '../index.ts';
import { checkNames } from '../internal/validate.ts';
import { createPlugin, PLUGIN_MARKS } from './fastify/plugin.ts';
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
export const sessions: FastifySessions = Object.assign(sessionsOrPlugin as FastifySessions, PLUGIN_MARKS);

export default sessions;

function sessionsOrPlugin(
  first: FactoryOrOptions<DefaultData, WebsaunaSession> | FastifyInstance,
  options: FastifySessionOptions | FastifySessionPluginOptions = {},
  done?: (error?: Error) => void,
): FastifyPluginCallback | undefined {
  const { property = 'session', ...factoryOptions } = options as FastifySessionPluginOptions;
  if (done === undefined) {
    checkNames('options', options, ['property']);
    return createPlugin(resolveFactory(first as FactoryOrOptions<DefaultData, WebsaunaSession>), property);
  }
  try {
    const plugin = createPlugin(resolveFactory(factoryOptions), property);
    plugin(first as FastifyInstance, {}, done);
  } catch (error) {
    done(error as Error);
  }
  return undefined;
}
