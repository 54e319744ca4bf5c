import { commitSession } from './engine/commit.ts';
import { CookieVerifier } from './crypto/cookie-verifier.ts';
import type { SessionContext } from './engine/context.ts';
import { Keyring } from './crypto/keyring.ts';
import { ValidatingSerializer } from './engine/validating-serializer.ts';
import { openSession } from './engine/load.ts';
import { finalizeHead, writeSessionHeaders } from './engine/response.ts';
import type { SessionState } from './engine/state.ts';
import { EventHub, type SessionEventName, type SessionListener } from './events.ts';
import type { Exchange, ResponseHead } from './exchange.ts';
import { expected, isObject } from './internal/validate.ts';
import { normalizeOptions, type NormalizedOptions } from './options/normalize.ts';
import type { SessionOptions } from './options/options.ts';
import type { DefaultData } from './session/data.ts';
import { Owners } from './admin/owners.ts';
import { Sessions } from './admin/sessions.ts';
import { sealSession, stateOf } from './session/dict.ts';
import { WebsaunaSession, type SessionConstructor } from './session/session.ts';
import { createStoreProvider } from './stores/provider.ts';
import type { StoreProvider } from './stores/store-provider.ts';

/** The lifetimes and limits that are in force (ASVS 7.1.1, 7.1.2). Durations are seconds. */
export interface SessionPolicy {
  readonly timeout: number;
  /** The longest timeout that `adjustTimeout` may set. */
  readonly maxTimeout: number | null;
  readonly absoluteTimeout: number | null;
  readonly touchInterval: number;
  readonly rotationGrace: number;
  readonly cookieMaxAge: number | null;
  readonly maxSessionsPerOwner: number | null;
  readonly onSessionLimit: 'evict-oldest' | 'refuse';
}

/** Marks the factories of every copy of the package: bundlers and hot reloading load it more than once. */
export const FACTORY: unique symbol = Symbol.for('websauna-session.factory');

/**
 * Opens and commits the sessions of an application. Make one with `createSessionFactory` and give it to
 * the framework's adapter; one factory can serve several.
 */
export class SessionFactory<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
> {
  /** The sessions of an owner: list them, end them. */
  readonly owners: Owners;
  /** All sessions, for tools: look at them, end them. */
  readonly sessions: Sessions;
  readonly #context: SessionContext;
  readonly #options: NormalizedOptions;
  readonly #source: StoreProvider;
  readonly #sessionClass: SessionConstructor<Data, S>;

  static {
    Object.defineProperty(SessionFactory.prototype, FACTORY, { value: true });
  }

  /** @throws {TypeError} for every option that is wrong, with what was expected */
  constructor(options: SessionOptions<Data, S>) {
    const normalized = normalizeOptions(options);
    const events = new EventHub();
    this.#source = createStoreProvider(normalized, options.redis, events);
    this.#options = normalized;
    const keyring = new Keyring(normalized.secrets);
    const { schema, serializer } = normalized;
    this.#context = {
      config:
        schema === null
          ? normalized
          : { ...normalized, serializer: new ValidatingSerializer(serializer, schema, events) },
      keyring,
      cookies: new CookieVerifier(keyring),
      events,
      adoptionRules: {
        timeout: normalized.timeout,
        maxTimeout: normalized.maxTimeout,
        absoluteTimeout: normalized.absoluteTimeout,
        isOwnerHashOf: (ownerHash, owner) => keyring.isOwnerHashOf(ownerHash, owner),
      },
      storeFor: this.#source.storeFor,
    };
    this.#sessionClass = (normalized.sessionClass ?? WebsaunaSession) as unknown as SessionConstructor<Data, S>;
    this.owners = new Owners(this.#context);
    this.sessions = new Sessions(this.#context);
  }

  /** Proxies in front that adapters without a notion of their own may believe. */
  get trustedHops(): number {
    return this.#options.trustedHops;
  }

  /** The lifetimes and limits that are in force, for documentation and audits. */
  get policy(): SessionPolicy {
    const {
      timeout,
      maxTimeout,
      absoluteTimeout,
      touchInterval,
      rotationGrace,
      cookieMaxAge,
      maxSessionsPerOwner,
      onSessionLimit,
    } = this.#options;
    return {
      timeout,
      maxTimeout,
      absoluteTimeout,
      touchInterval,
      rotationGrace,
      cookieMaxAge,
      maxSessionsPerOwner,
      onSessionLimit,
    };
  }

  /**
   * Opens the session of a request; for adapters. Not a promise when there is nothing to load.
   * @throws {SessionError} rejects with status 503 when the store fails and `onStoreError` is `'fail'`
   */
  load(exchange: Exchange): S | Promise<S> {
    const state = openSession(this.#context, exchange);
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
    return this.#context.events.on(name, listener);
  }

  /** Closes the connections that the factory opened. */
  async close(): Promise<void> {
    await this.#source.close();
  }

  /** An error response is sent as it is: a second error would not help. */
  #failed(state: SessionState, head: ResponseHead, error: unknown): undefined {
    state.markCommitFailed();
    if (head.status < 500) throw error;
    this.#context.events.emit('discarded', { handle: state.epoch.handle, reason: 'commit-failed' });
    writeSessionHeaders(state, head);
  }

  #wrap(state: SessionState): S {
    const session = new this.#sessionClass(state);
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
 * @throws {TypeError} for every option that is wrong, with what was expected
 */
export function createSessionFactory<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
>(options: SessionOptions<Data, S>): SessionFactory<Data, S>;
/** What `ReturnType<typeof createSessionFactory>` looks at: a factory whose sessions take any field. */
export function createSessionFactory(options: WithoutSchema<SessionOptions>): SessionFactory;
export function createSessionFactory<Data extends object, S extends WebsaunaSession<Data>>(
  options: SessionOptions<Data, S>,
): SessionFactory<Data, S> {
  return new SessionFactory(options);
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
