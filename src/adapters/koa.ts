import type { Context, Middleware } from 'koa';
import type { SessionFactory } from '../factory.ts';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkNames } from '../internal/validate.ts';
import { isMounted } from './mount.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';
import { CommittingExchange } from './node/committing-exchange.ts';

declare module 'koa' {
  interface DefaultContext {
    /** The session of this request. */
    session: WebsaunaSession;
  }
}

export interface KoaSessionOptions {
  /** The context's property that holds the session. Default `session`. */
  property?: string;
}

/**
 * Koa middleware: opens `ctx.session`, and commits it before the headers of the response leave. `app.proxy`
 * decides about HTTPS and the client's address.
 *
 * @example
 * ```ts
 * app.use(sessions({ secret, redis: { url } }));
 * app.use((ctx) => { ctx.body = `Hello ${ctx.session.owner ?? 'stranger'}`; });
 * ```
 */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  options: KoaSessionOptions = {},
): Middleware {
  const factory = resolveFactory(given);
  checkNames('options', options, ['property']);
  const { property = 'session' } = options;
  const mount = { factory, property };
  return async (ctx, next) => {
    if (!isMounted(ctx, mount)) {
      const opened = new KoaExchange(factory, ctx, property).load();
      ctx[property] = opened instanceof Promise ? await opened : opened;
    }
    await next();
  };
}

class KoaExchange<Data extends object, S extends WebsaunaSession<Data>> extends CommittingExchange<Data, S> {
  declare readonly request: Context;

  constructor(factory: SessionFactory<Data, S>, ctx: Context, property: string) {
    super(factory, ctx.req, ctx.res, property, ctx);
  }

  override get secure(): boolean {
    return this.request.secure;
  }

  override get clientAddress(): string | null {
    return this.request.ip || null;
  }

  fail(error: unknown): void {
    this.request.onerror(error as Error);
  }
}
