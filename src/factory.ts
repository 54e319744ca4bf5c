import { commitSession } from './engine/commit.ts';
import { createContext, type SessionContext } from './engine/context.ts';
import { ValidatingSerializer } from './engine/validating-serializer.ts';
import { openSession } from './engine/load.ts';
import { finalizeHead, writeSessionHeaders } from './engine/response.ts';
import type { SessionState } from './engine/state.ts';
import { closeWatches } from './engine/watch.ts';
import { EventHub, type SessionEventName, type SessionListener } from './events.ts';
import type { Exchange, ResponseHead } from './exchange.ts';
import { expected, isObject } from './internal/validate.ts';
import { normalizeOptions, type NormalizedOptions } from './options/normalize.ts';
import type { SessionOptions } from './options/options.ts';
import { policyOf, type SessionPolicy } from './options/policy.ts';
import type { DefaultData } from './session/data.ts';
import { Audit } from './admin/audit.ts';
import { ForeignEvents, type ForeignEventListener } from './admin/events.ts';
import { Owners } from './admin/owners.ts';
import { Sessions } from './admin/sessions.ts';
import { readStats, type SessionStats, type StatsReadOptions } from './admin/stats.ts';
import { sealSession, stateOf } from './session/dict.ts';
import { WebsaunaSession, type SessionConstructor } from './session/session.ts';
import { createStoreProvider } from './stores/provider.ts';
import { StatsRecorder } from './stores/stats-recorder.ts';
import type { StoreProvider } from './stores/store-provider.ts';

/** Marks the factories of every copy of the package: bundlers and hot reloading load it more than once. */
export const FACTORY: unique symbol = Symbol.for('websauna-session.factory');

/** Returns what the sessions of a factory share. For the rest of the library; not exported by the package. */
export let contextOf: (factory: object) => SessionContext;

/** Options, or a function that returns them when they are needed. */
export type OptionsSource<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>> =
  | SessionOptions<Data, S>
  | (() => SessionOptions<Data, S>);

/** What a factory is made of. */
interface FactoryParts<Data extends object, S extends WebsaunaSession<Data>> {
  readonly context: SessionContext;
  readonly options: NormalizedOptions;
  readonly source: StoreProvider;
  readonly sessionClass: SessionConstructor<Data, S>;
  readonly owners: Owners;
  readonly sessions: Sessions;
  readonly audit: Audit;
  /** `null` where nothing is counted. */
  readonly recorder: StatsRecorder | null;
  readonly foreignEvents: ForeignEvents;
}

function composeFactory<Data extends object, S extends WebsaunaSession<Data>>(
  given: SessionOptions<Data, S>,
  events: EventHub,
): FactoryParts<Data, S> {
  const options = normalizeOptions(given);
  const created = createStoreProvider(options, given.redis, events);
  const migrating = options.migration === null ? created : options.migration.wrapProvider(created);
  const recorder = recorderOf(options, events, created);
  const source = recorder === null ? migrating : recorder.wrapProvider(migrating);
  const { schema, serializer } = options;
  const config =
    schema === null ? options : { ...options, serializer: new ValidatingSerializer(serializer, schema, events) };
  const context = createContext(config, options.secrets, events, source.storeFor);
  return {
    context,
    options,
    source,
    sessionClass: (options.sessionClass ?? WebsaunaSession) as unknown as SessionConstructor<Data, S>,
    owners: new Owners(context),
    sessions: new Sessions(context),
    audit: new Audit(context),
    recorder,
    foreignEvents: new ForeignEvents(context, recorder),
  };
}

function recorderOf(
  { stats, timeout }: NormalizedOptions,
  events: EventHub,
  { storeFor }: StoreProvider,
): StatsRecorder | null {
  return stats === null ? null : new StatsRecorder({ ...stats, timeout }, events, () => storeFor(undefined));
}

/**
 * Opens and commits the sessions of an application. Make one with `createSessionFactory` and give it to
 * the framework's adapter; one factory can serve several.
 */
export class SessionFactory<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
> {
  readonly #events = new EventHub();
  readonly #readOptions: () => SessionOptions<Data, S>;
  /** `null` until the options are read. */
  #parts: FactoryParts<Data, S> | null = null;

  static {
    contextOf = (factory) => (factory as SessionFactory).#composed.context;
    Object.defineProperty(SessionFactory.prototype, FACTORY, { value: true });
  }

  /**
   * @param options a function is called when the factory is first used, so that a build needs no secret
   * @throws {TypeError} for every option that is wrong, with what was expected
   */
  constructor(options: OptionsSource<Data, S>) {
    if (typeof options === 'function') {
      this.#readOptions = options;
    } else {
      this.#readOptions = () => options;
      this.#parts = composeFactory(options, this.#events);
    }
  }

  get #composed(): FactoryParts<Data, S> {
    return (this.#parts ??= composeFactory(this.#readOptions(), this.#events));
  }

  /** The sessions of an owner: list them, end them. */
  get owners(): Owners {
    return this.#composed.owners;
  }

  /** All sessions, for tools: look at them, end them. */
  get sessions(): Sessions {
    return this.#composed.sessions;
  }

  /** The audit trails of owners, with the option `audit`. */
  get audit(): Audit {
    return this.#composed.audit;
  }

  /** Proxies in front that adapters without a notion of their own may believe. */
  get trustedHops(): number {
    return this.#composed.options.trustedHops;
  }

  /** The lifetimes and limits that are in force, for documentation and audits. */
  get policy(): SessionPolicy {
    return policyOf(this.#composed.options);
  }

  /**
   * Opens the session of a request; for adapters. Not a promise when there is nothing to load.
   * @throws {SessionError} rejects with status 503 when the store fails and `onStoreError` is `'fail'`; rejects with what
   * the application's functions `ignore` and `cookie` throw
   */
  load(exchange: Exchange): S | Promise<S> {
    const { context } = this.#composed;
    let state: SessionState | Promise<SessionState>;
    try {
      state = openSession(context, exchange);
    } catch (error) {
      // From a function of the application: `ignore` or `cookie`. Adapters handle errors of one kind.
      return Promise.reject(error);
    }
    return state instanceof Promise ? state.then((loaded) => this.#wrap(loaded)) : this.#wrap(state);
  }

  /**
   * Commits a session and writes cookie, `Vary` and `Cache-Control` into the head of its response; for
   * adapters, before the headers leave. `undefined` when nothing had to reach the store: all is done then.
   *
   * After an error, commit the error's response too; it carries no cookie. Once a head has been written, the client does
   * not see another one, so a change that needs a cookie is refused.
   * @throws {SessionError} synchronously or by rejection
   */
  commit(session: S, head: ResponseHead): Promise<void> | undefined {
    const state: SessionState = stateOf(session);
    if (state.headersWritten) return commitSession(state, null);
    let committing: Promise<void> | undefined;
    try {
      committing = commitSession(state, head);
    } catch (error) {
      return this.#failed(state, head, error);
    }
    if (committing === undefined) {
      writeSessionHeaders(state, head);
      return undefined;
    }
    return committing.then(
      () => writeSessionHeaders(state, head),
      (error: unknown) => this.#failed(state, head, error),
    );
  }

  /**
   * Looks at the head of a committed response once more, where nothing can change it any longer; for adapters. If headers
   * that were set after the commit would let shared caches store the session's cookie, that is taken back.
   */
  finalize(session: S, head: ResponseHead): void {
    finalizeHead(stateOf(session), head);
  }

  /**
   * Listens to what happens to sessions; the same is published on `node:diagnostics_channel` as
   * `websauna-session:<name>`.
   * @returns a function that stops listening
   */
  on<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Listens to the events of other processes, which arrive `stats.flushInterval` seconds later at most; with
   * `stats: { publishEvents: true }` in all of them. Those of this one are what {@link on} listens to.
   * @returns a function that stops listening
   * @throws {SessionError} rejects with `ERR_SESSION_UNSUPPORTED` without the option
   */
  watchEvents(listener: ForeignEventListener): Promise<() => void> {
    return this.#composed.foreignEvents.watch(listener);
  }

  /**
   * Returns how many sessions are live, and how often each event happened, in all processes; with the option `stats`.
   * @throws {SessionError} rejects with `ERR_SESSION_UNSUPPORTED` when the factory or its store does not count
   */
  stats(options: StatsReadOptions = {}): Promise<SessionStats> {
    const { context, recorder } = this.#composed;
    return readStats(context, recorder, options);
  }

  /**
   * Reports what was counted, and closes the store with the connections that this library opened; a client of the
   * application stays open. Factories that share a store close it for each other: close them together.
   */
  async close(): Promise<void> {
    if (this.#parts === null) return;
    closeWatches(this.#parts.context);
    this.#parts.foreignEvents.close();
    await this.#parts.source.close();
  }

  /** An error response is sent as it is: a second error would not help. */
  #failed(state: SessionState, head: ResponseHead, error: unknown): undefined {
    state.markCommitFailed();
    if (head.status < 500) throw error;
    this.#events.emit('discarded', { handle: state.epoch.handle, reason: 'commit-failed' });
    writeSessionHeaders(state, head);
  }

  #wrap(state: SessionState): S {
    const session = new this.#composed.sessionClass(state);
    sealSession(session);
    return session;
  }
}

/** Options that say nothing of the data: with a schema, a mistake in another option must not make all fields `unknown`. */
type WithoutSchema<Options> = Options & { schema?: never };

/**
 * Makes a session factory.
 *
 * @example
 * ```ts
 * const factory = createSessionFactory({
 *   secret: process.env.SESSION_SECRET!,
 *   redis: { url: process.env.REDIS_URL! },
 * });
 * ```
 * @param options the options, or a function that returns them: it is called when the factory is first used, so that a
 * build, which imports the module and handles no request, needs no secret and opens no connection
 * @throws {TypeError} for every option that is wrong, with what was expected
 */
export function createSessionFactory<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
>(options: OptionsSource<Data, S>): SessionFactory<Data, S>;
/** What `ReturnType<typeof createSessionFactory>` looks at: a factory whose sessions take any field. */
export function createSessionFactory(
  options: WithoutSchema<SessionOptions> | (() => WithoutSchema<SessionOptions>),
): SessionFactory;
export function createSessionFactory<Data extends object, S extends WebsaunaSession<Data>>(
  options: OptionsSource<Data, S>,
): SessionFactory<Data, S> {
  return new SessionFactory(options);
}

/** Factories by name, for all copies of the package in this process. */
const SHARED: unique symbol = Symbol.for('websauna-session.factories');

/**
 * Returns the one factory of this name in this process, and makes it at the first call. For frameworks that evaluate a
 * module several times: Next's bundles of pages, routes and the proxy share a store and a connection, and hot
 * reloading neither loses the sessions in memory nor leaves connections behind. To change the options, restart.
 *
 * @example
 * ```ts
 * export const factory = sharedFactory('app', () => createSessionFactory({ secret: process.env.SESSION_SECRET! }));
 * ```
 */
export function sharedFactory<Data extends object, S extends WebsaunaSession<Data>>(
  name: string,
  make: () => SessionFactory<Data, S>,
): SessionFactory<Data, S> {
  if (typeof name !== 'string') throw expected('name', 'a string', name);
  if (typeof make !== 'function') throw expected('make', 'a function that returns a factory', make);
  const holder = globalThis as { [SHARED]?: Map<string, unknown> };
  const factories = (holder[SHARED] ??= new Map());
  if (!factories.has(name)) factories.set(name, make());
  return factories.get(name) as SessionFactory<Data, S>;
}

/**
 * Makes a session factory whose sessions end when the owner's authentication is changed; the name is Websauna's.
 * Every session remembers when it was made and when its owner logged in, and `invalidateBefore`, which is required
 * here, returns the time before which logins are too old.
 */
export function createCreationTimeAwareSessionFactory<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
>(options: CreationTimeAwareOptions<Data, S>): SessionFactory<Data, S>;
/** What `ReturnType` looks at, as for {@link createSessionFactory}. */
export function createCreationTimeAwareSessionFactory(
  options: WithoutSchema<CreationTimeAwareOptions<DefaultData, WebsaunaSession>>,
): SessionFactory;
export function createCreationTimeAwareSessionFactory<Data extends object, S extends WebsaunaSession<Data>>(
  options: CreationTimeAwareOptions<Data, S>,
): SessionFactory<Data, S> {
  if (!isObject(options)) throw expected('options', 'an object', options);
  if (typeof options.invalidateBefore !== 'function') {
    const what = 'a function of owner and request that returns a Date or null';
    throw expected('invalidateBefore', what, options.invalidateBefore);
  }
  return new SessionFactory(options);
}

type CreationTimeAwareOptions<Data extends object, S extends WebsaunaSession<Data>> = SessionOptions<Data, S> &
  Required<Pick<SessionOptions<Data, S>, 'invalidateBefore'>>;
