import {
  Catch,
  createParamDecorator,
  HttpException,
  Inject,
  UnauthorizedException,
  type ArgumentsHost,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type FactoryProvider,
  type ModuleMetadata,
  type NestModule,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { SessionError, SessionFactory, type DefaultData, type WebsaunaSession } from '../index.ts';
import { sessions as expressSessions } from './express.ts';
import { sessions as fastifySessions } from './fastify.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';

/** What `SessionModule.forRootAsync` takes: how to make the factory, or its options, of other providers. */
export interface SessionModuleAsyncOptions<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
> extends Pick<ModuleMetadata, 'imports'> {
  inject?: FactoryProvider['inject'];
  // oxlint-disable-next-line typescript/no-explicit-any -- the arguments are what `inject` names
  useFactory: (...args: any[]) => FactoryOrOptions<Data, S> | Promise<FactoryOrOptions<Data, S>>;
}

/** What the module was given, before it is a factory. */
const GIVEN: unique symbol = Symbol('websauna-session.given');

/** What is used of Nest's adapters for Express and Fastify. */
interface HttpAdapter {
  getType(): string;
  use(middleware: unknown): unknown;
  register?(plugin: unknown): unknown;
}

/**
 * Answers the session's errors with their status, and reveals nothing but their code; hands all others on. The module
 * registers it. A filter of the application's own that catches everything should extend it.
 */
export class SessionErrorFilter extends BaseExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    if (!(error instanceof SessionError)) return super.catch(error, host);
    const { code, status } = error;
    const message = status === 503 ? 'The service is unavailable for a moment' : 'The request failed';
    super.catch(new HttpException({ statusCode: status, message, error: code }, status, { cause: error }), host);
  }
}
Catch(SessionError)(SessionErrorFilter);

/**
 * The sessions of a Nest application on Express or Fastify, 11 and 12. Import it once, in the root module; the provider
 * `SessionFactory` is then available everywhere. The middleware stands in front of those that `main.ts` adds.
 *
 * @example
 * ```ts
 * SessionModule.forRootAsync({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ secret: config.getOrThrow('SESSION_SECRET') }),
 * });
 * ```
 */
export class SessionModule implements NestModule, OnApplicationShutdown {
  readonly #host: HttpAdapterHost;
  readonly #factory: SessionFactory;
  readonly #ownsFactory: boolean;
  #mounted = false;

  constructor(host: HttpAdapterHost, factory: SessionFactory, given: unknown) {
    this.#host = host;
    this.#factory = factory;
    this.#ownsFactory = factory !== given;
    this.#mount();
  }

  /** For options that are there when the module is. */
  static forRoot<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
    given: FactoryOrOptions<Data, S>,
  ): DynamicModule {
    return SessionModule.forRootAsync({ useFactory: () => given });
  }

  /** For options that come from other providers. */
  static forRootAsync<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>({
    imports = [],
    inject = [],
    useFactory,
  }: SessionModuleAsyncOptions<Data, S>): DynamicModule {
    return {
      module: SessionModule,
      global: true,
      imports,
      providers: [
        { provide: GIVEN, inject, useFactory },
        { provide: SessionFactory, inject: [GIVEN], useFactory: resolveFactory },
        { provide: APP_FILTER, useClass: SessionErrorFilter },
      ],
      exports: [SessionFactory],
    };
  }

  /** A testing module gets its HTTP adapter after its providers. */
  configure(): void {
    this.#mount();
  }

  /** Closes the connections of a factory that was made of options. */
  async onApplicationShutdown(): Promise<void> {
    if (this.#ownsFactory) await this.#factory.close();
  }

  #mount(): void {
    const adapter = this.#host.httpAdapter as unknown as HttpAdapter | undefined;
    const type = adapter?.getType();
    if (this.#mounted || (type !== 'express' && type !== 'fastify')) return;
    this.#mounted = true;
    if (type === 'express') adapter!.use(expressSessions(this.#factory));
    else adapter!.register!(fastifySessions(this.#factory));
  }
}

// As decorators of the constructor's parameters would.
Inject(HttpAdapterHost)(SessionModule, undefined, 0);
Inject(SessionFactory)(SessionModule, undefined, 1);
Inject(GIVEN)(SessionModule, undefined, 2);

/** Injects the session of the request into a handler: `home(@Session() session: WebsaunaSession)`. */
export const Session: () => ParameterDecorator = createParamDecorator((_: unknown, context: ExecutionContext) =>
  sessionOf(context),
);

/** Injects the owner of the session into a handler, or `null`: `home(@Owner() owner: string | null)`. */
export const Owner: () => ParameterDecorator = createParamDecorator(
  (_: unknown, context: ExecutionContext) => sessionOf(context).owner,
);

/** Lets a request in whose session has an owner; others are answered with status 401. `@UseGuards(OwnerGuard)` */
export class OwnerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (sessionOf(context).owner === null) throw new UnauthorizedException();
    return true;
  }
}

function sessionOf(context: ExecutionContext): WebsaunaSession {
  const { session } = context.switchToHttp().getRequest<{ session?: WebsaunaSession }>();
  if (session !== undefined && session !== null) return session;
  throw new TypeError('Expected the request to have a session: import `SessionModule.forRoot(...)` in the root module');
}
