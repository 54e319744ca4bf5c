import { Readable } from 'node:stream';
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import type { Exchange, ResponseHead } from '../exchange.ts';
import type { SessionFactory } from '../factory.ts';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkNames } from '../internal/validate.ts';
import { addFinalChecks, type FinalCheck } from './node/final-gate.ts';
import { joinValues } from './node/head.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';
import { REPRESENTATION_HEADERS } from './representation-headers.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The session of this request. */
    session: WebsaunaSession;
  }
}

export interface FastifySessionOptions {
  /** The request's property that holds the session. Default `session`. */
  property?: string;
}

/**
 * A Fastify plugin: opens `request.session` in `onRequest` and commits it in `onSend`, before the headers
 * leave. `trustProxy` decides about HTTPS and the client's address. A reply that is hijacked is not
 * committed: call `await request.session.save()` before, and note that it carries no new cookie.
 *
 * @example
 * ```ts
 * await app.register(sessions({ secret, redis: { url } }));
 * app.get('/', (request) => `Hello ${request.session.owner ?? 'stranger'}`);
 * ```
 */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  options: FastifySessionOptions = {},
): FastifyPluginCallback {
  const factory = resolveFactory(given);
  checkNames('options', options, ['property']);
  const { property = 'session' } = options;
  const plugin: FastifyPluginCallback = (app, _options, done) => {
    app.decorateRequest(property, null);
    app.addHook('onRequest', (request, _reply, next) => {
      const holder = request as unknown as Record<string, S>;
      const opened = factory.load(new FastifyExchange(request));
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
      // An earlier hook can have answered before there was a session.
      const session = (request as unknown as Record<string, S | null>)[property];
      let settled: Promise<void> | undefined;
      try {
        settled = session == null ? undefined : factory.commit(session, new FastifyHead(factory, session, reply));
      } catch (error) {
        return next(prepareErrorReply(reply, payload, error));
      }
      if (settled === undefined) next(null, payload);
      else {
        settled.then(
          () => next(null, payload),
          (error: unknown) => next(prepareErrorReply(reply, payload, error)),
        );
      }
    });
    done();
  };
  // The session belongs to the application that registers the plugin, not to a scope of the plugin's own.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'websauna-session',
  });
}

/** Clears a reply for the error's: headers that describe what is not sent, and the file or connection behind it. */
function prepareErrorReply(reply: FastifyReply, payload: unknown, error: unknown): Error {
  for (const name of REPRESENTATION_HEADERS) void reply.removeHeader(name);
  if (payload instanceof Readable) payload.destroy();
  return error as Error;
}

class FastifyExchange implements Exchange {
  readonly request: FastifyRequest;

  constructor(request: FastifyRequest) {
    this.request = request;
  }

  get method(): string {
    return this.request.method;
  }

  get url(): string {
    return this.request.originalUrl;
  }

  get secure(): boolean {
    return this.request.protocol === 'https';
  }

  get clientAddress(): string | null {
    return this.request.ip || null;
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}

class FastifyHead<Data extends object, S extends WebsaunaSession<Data>> implements ResponseHead, FinalCheck {
  readonly #factory: SessionFactory<Data, S>;
  readonly #session: S;
  readonly #reply: FastifyReply;

  constructor(factory: SessionFactory<Data, S>, session: S, reply: FastifyReply) {
    this.#factory = factory;
    this.#session = session;
    this.#reply = reply;
  }

  get status(): number {
    return this.#reply.statusCode;
  }

  get(name: string): string | undefined {
    return joinValues(this.#reply.getHeader(name));
  }

  set(name: string, value: string): void {
    void this.#reply.header(name, value);
  }

  appendCookie(value: string): void {
    // Fastify itself keeps the `Set-Cookie` headers that are there.
    void this.#reply.header('set-cookie', value);
    addFinalChecks(this.#reply.raw, [this]);
  }

  /** Runs after later `onSend` hooks, and after whatever took hold of the raw response. */
  finalize(head: ResponseHead): void {
    this.#factory.finalize(this.#session, head);
  }
}
