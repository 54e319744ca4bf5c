import { assertCookieSendable, assertStorable, assertWritable, markAccessed } from '../engine/access.ts';
import { clientDetails } from '../engine/client-details.ts';
import { saveSession } from '../engine/commit.ts';
import { newId } from '../engine/create.ts';
import type { EndedSession } from '../engine/explanation.ts';
import { fieldName } from '../engine/field-names.ts';
import { loadSession, reloadSession } from '../engine/load.ts';
import { pendingLoginOf, type PendingLoginInfo } from '../engine/pending-login.ts';
import type { SessionState } from '../engine/state.ts';
import { updateField } from '../engine/update.ts';
import { handleOf } from '../crypto/keyring.ts';
import { SessionError, type WatchedEndReason } from '../errors.ts';
import { withStoreErrorEvent } from '../events.ts';
import {
  checkBoolean,
  checkFunction,
  checkNames,
  checkNumber,
  checkStrings,
  describe,
  expected,
  MAX_LIFETIME_SECONDS,
  OF_SECONDS,
} from '../internal/validate.ts';
import type { DefaultData } from './data.ts';
import { csrfToken, renewCsrfToken, requireToken, verifyToken } from './csrf.ts';
import { guardMembers } from './assignment-guard.ts';
import { checkKey, isSealed, SessionDict, stateOf } from './dict.ts';
import { endSignal, watchEnd } from './end-signal.ts';
import { addFlash, peekFlashes, popFlashes, takeFlashes } from './flash.ts';
import { requestBegunLogin, requestLogin, type BeginLoginOptions, type LoginOptions } from './login.ts';

/** What the `sessionClass` option takes: `WebsaunaSession`, or a class that extends it. */
export type SessionConstructor<Data extends object, S extends WebsaunaSession<Data>> = new (state: SessionState) => S;

export interface LogoutOptions {
  /** Send `Clear-Site-Data` for cache and storage too (ASVS 14.3.1). Default `false`. */
  clearSiteData?: boolean;
}

export interface RotateOptions {
  /**
   * Whether the old id leads parallel requests to the session for `rotationGrace` seconds. Default `true`; `false` when
   * the session has just been given a right that a holder of the old id must not get.
   */
  grace?: boolean;
}

export interface CsrfOptions {
  /** Origins of other sites, as in `https://accounts.example.com`, that may send requests all the same. Default: none. */
  trustedOrigins?: readonly string[];
}

/**
 * The session of one request. What is done to it takes effect at the commit, all or nothing, before the
 * response's headers leave.
 *
 * Reading a session makes its response depend on the cookie: `Vary: Cookie` is added, and
 * `Cache-Control: private, no-cache` where the response has none. With `transport: 'header'` it is `Vary: Authorization`,
 * with `'both'` each of them.
 */
export class WebsaunaSession<Data extends object = DefaultData> extends SessionDict<Data> {
  /**
   * The secret that opens the session. Never log or render it; `handle` is the public name. A session
   * that is not stored yet keeps the id when it is, unless a login or a rotation comes first.
   */
  get id(): string {
    const state = this.#accessed();
    const { epoch } = state;
    if (epoch.record !== null) return epoch.record.id;
    if (epoch.reservedId === null) epoch.reserveId(newId(state, null));
    return epoch.reservedId!;
  }

  /** SHA-256 of the id, base64url: the session's name in logs, device lists and tools. */
  get handle(): string {
    return this.#accessed().epoch.handle ?? handleOf(this.id);
  }

  /** True when there was no stored session when the request began, and after `logout()` and `invalidate()`. */
  get isNew(): boolean {
    return this.#accessed().isNew;
  }

  /**
   * Why and when the session has ended that the request's cookie was of; `null` when there was none, it goes on, or that is
   * not known any longer: see the option `explainEnds`.
   */
  get endedBefore(): EndedSession | null {
    return this.#accessed().endedBefore;
  }

  /** The URL that opened the session, for debugging. It is not stored. */
  get url(): string {
    return stateOf(this).exchange.url;
  }

  /**
   * When the session was first stored, or its owner logged in, by the store's clock; `null` while it is not stored. A login
   * that keeps the absolute expiry keeps this, too.
   */
  get createdAt(): Date | null {
    return dateOf(this.#accessed().record?.meta.createdAt);
  }

  /** When the session was last stored or touched, to a second; `null` while it is not stored. */
  get lastSeenAt(): Date | null {
    return dateOf(this.#accessed().record?.lastSeen);
  }

  /** The end that no activity can move; `null` for none, or while the session is not stored. */
  get expiresAt(): Date | null {
    return dateOf(this.#accessed().record?.meta.expiresAt);
  }

  /** When the owner last logged in, by the store's clock; `null` without a login. */
  get authenticatedAt(): Date | null {
    const { epoch, record, store } = this.#accessed();
    const { login } = epoch.pending;
    return login === null ? dateOf(record?.meta.authenticatedAt) : new Date(login.authenticatedAt ?? store.now);
  }

  /** As given to `login`; `null` without a login. */
  get owner(): string | null {
    const { epoch, record } = this.#accessed();
    return epoch.pending.login?.owner ?? record?.meta.owner ?? null;
  }

  /** How the owner authenticated, as given to `login`. */
  get method(): string | null {
    const { epoch, record } = this.#accessed();
    const { login } = epoch.pending;
    return login === null ? (record?.meta.method ?? null) : login.method;
  }

  /**
   * The client's address when the session was stored, or at the login, as far as the option `clientAddress` lets the
   * session keep it.
   */
  get clientAddress(): string | null {
    const state = this.#accessed();
    return state.record === null ? keptDetails(state).address : state.record.meta.address;
  }

  /** The client's `User-Agent` when the session was stored, or at the login, as far as the option `userAgent` lets it. */
  get userAgent(): string | null {
    const state = this.#accessed();
    return state.record === null ? keptDetails(state).agent : state.record.meta.agent;
  }

  /** Seconds of inactivity after which the session ends. */
  get timeout(): number {
    const { epoch, record, context } = this.#accessed();
    const { timeout, login } = epoch.pending;
    return timeout ?? login?.timeout ?? record?.meta.timeout.seconds ?? context.config.timeout;
  }

  /**
   * Whether the cookie outlives the browser's session, as the `remember` of a login has said; `null` where none has, so that
   * the factory's `cookie.maxAge` decides.
   */
  get remember(): boolean | null {
    const { epoch, record } = this.#accessed();
    return epoch.pending.login?.remember ?? record?.meta.remember ?? null;
  }

  /** True when the store failed and `onStoreError` is `'anonymous'`: empty, and it cannot be changed. */
  get degraded(): boolean {
    return stateOf(this).phase === 'degraded';
  }

  /**
   * Sets another idle timeout for this session, until a login sets one, or begins with the factory's.
   * @param seconds an integer, at most the factory's `maxTimeout`, and 400 days
   * @throws {TypeError} for anything else
   */
  adjustTimeout(seconds: number): void {
    const state = this.#writable();
    const max = state.context.config.maxTimeout ?? MAX_LIFETIME_SECONDS;
    checkNumber('seconds', seconds, { of: OF_SECONDS, min: 1, max });
    if (seconds === undefined) throw expected('seconds', 'an integer of seconds', seconds);
    state.epoch.pending.timeout = seconds;
  }

  /**
   * Makes the session `owner`'s: it gets a new id, the old one is dead, and the owner's other sessions can
   * be found. Fields are carried over, the CSRF secret is not (ASVS 7.2.4). A login as another owner than the present
   * one begins a session with what this request has written and what `keep` names, and ends the present one. A login of
   * the same owner again, such as a step-up, keeps `index`, `remember`, `timeout` and the absolute expiry, unless its
   * options say otherwise.
   *
   * @param owner the application's user id, a non-empty string
   * @throws {TypeError} for another owner, an unknown option, or limits out of range
   * @throws {SessionError} at the commit: `ERR_SESSION_COOKIE_WITHHELD` when caches may store the response, or when it
   * goes over plain HTTP with `cookie.secure: true`; `ERR_SESSION_FULL` when `maxSessionsPerOwner` is reached and
   * `onSessionLimit` is `'refuse'`, `ERR_SESSION_LOGIN_EXPIRED` when the owner's sessions were revoked since
   * `beginLogin`; `await session.save()` to answer that yourself. At once: `ERR_SESSION_HEADERS_SENT`
   */
  login(owner: string, options: LoginOptions = {}): void {
    requestLogin(this.#cookieSendable('login'), owner, options);
  }

  /**
   * Remembers who is about to log in while a second factor is pending. The session gets a new id, and
   * has no owner before `login()`, which gives it another: it cannot be promoted without a rotation.
   *
   * @param owner the application's user id, a non-empty string
   * @throws {TypeError} for another owner or an unknown option
   * @throws {SessionError} `ERR_SESSION_HEADERS_SENT`; at the commit `ERR_SESSION_COOKIE_WITHHELD`, as for `login`
   */
  beginLogin(owner: string, options: BeginLoginOptions = {}): void {
    requestBegunLogin(this.#cookieSendable('beginLogin'), owner, options);
  }

  /** The login that waits for its second factor; `null` when there is none, or its time is over. */
  get pendingLogin(): PendingLoginInfo | null {
    return pendingLoginOf(this.#accessed());
  }

  /**
   * Ends the session, and reports it as a logout. What is written afterwards begins a fresh, anonymous one.
   * @throws {SessionError} `ERR_SESSION_HEADERS_SENT` after the response's headers have left
   */
  logout(options: LogoutOptions = {}): void {
    checkNames('options', options, ['clearSiteData']);
    checkBoolean('options.clearSiteData', options.clearSiteData);
    const state = this.#cookieSendable('logout');
    state.end('logout');
    if (options.clearSiteData === true) state.requestClearSiteData();
  }

  /**
   * Ends the session at the commit. What is written afterwards begins a fresh, anonymous one.
   * @throws {SessionError} `ERR_SESSION_HEADERS_SENT` after the response's headers have left
   */
  invalidate(): void {
    this.#cookieSendable('invalidate').end('invalidated');
  }

  /**
   * Gives the session a new id at the commit, to be called on any change of privilege. For
   * `rotationGrace` seconds the old id leads parallel requests to the same session; with `grace: false` it is dead
   * at once.
   * @throws {SessionError} `ERR_SESSION_HEADERS_SENT` after the response's headers have left
   */
  rotate(options: RotateOptions = {}): void {
    checkNames('options', options, ['grace']);
    checkBoolean('options.grace', options.grace);
    const { epoch } = this.#cookieSendable('rotate');
    epoch.releaseReservedId();
    if (epoch.record === null) return;
    if (options.grace === false) epoch.pending.rotation = 'immediate';
    else epoch.pending.rotation ??= 'graceful';
  }

  /**
   * Requires that the owner logged in not long ago, before something that needs the password again.
   * @param seconds the greatest age of the authentication, at most 400 days
   * @throws {TypeError} for anything else
   * @throws {SessionError} `ERR_SESSION_NOT_FRESH`, status 403, and the event `refused`
   */
  requireFresh(seconds: number): void {
    checkNumber('seconds', seconds, { of: OF_SECONDS, min: 0, max: MAX_LIFETIME_SECONDS, integer: false });
    if (seconds === undefined) throw expected('seconds', 'a number of seconds', seconds);
    const { epoch, record, store, exchange, context } = this.#accessed();
    const { now } = store;
    const { login } = epoch.pending;
    const at = login === null ? (record?.meta.authenticatedAt ?? 0) : (login.authenticatedAt ?? now);
    if (at > 0 && now - at <= seconds * 1000) return;
    const { clientAddress } = exchange;
    context.events.emit('refused', { handle: epoch.handle, reason: 'not-fresh', clientAddress });
    throw new SessionError(
      'ERR_SESSION_NOT_FRESH',
      'The owner has to log in again: the last login is not recent enough',
    );
  }

  /**
   * Makes the response depend on the session although nothing of it has been read: for a response whose head leaves
   * before the session is used, such as a stream. Adds `Vary: Cookie`, and `Cache-Control: private, no-cache` where the
   * response has none.
   */
  markPersonal(): void {
    stateOf(this).markPersonal();
  }

  /**
   * Leaves a message for the next page. Messages of concurrent requests are all kept, in order.
   *
   * @param message any value that the serializer takes, except `undefined`
   * @param queue text without lone surrogates
   * @param allowDuplicate `false` leaves a message out that the queue has already, by the serializer's form
   * @throws {TypeError} for other arguments
   */
  flash(message: unknown, queue = '', allowDuplicate = true): void {
    if (message === undefined) throw expected('message', 'a value that can be stored', message);
    checkBoolean('allowDuplicate', allowDuplicate);
    addFlash(this.#writable(), message, checkQueue(queue), allowDuplicate);
  }

  /** Returns the messages of a queue and deletes them. */
  popFlash(queue = ''): unknown[] {
    return popFlashes(this.#writable(), checkQueue(queue));
  }

  /** Returns the messages of a queue and keeps them. */
  peekFlash(queue = ''): unknown[] {
    return peekFlashes(this.#accessed(), checkQueue(queue));
  }

  /** Like `popFlash`, at once: of several concurrent requests, each message is returned to one only. */
  takeFlash(queue = ''): Promise<unknown[]> {
    return this.#run('take', (state) => {
      assertStorable(state);
      return takeFlashes(state, checkQueue(queue));
    });
  }

  /** Makes a new CSRF secret, which voids the tokens that were rendered before, and returns a token. */
  newCsrfToken(): string {
    return renewCsrfToken(this.#writable());
  }

  /**
   * Returns a CSRF token for a form, masked: each rendering differs (BREACH). A new session is stored by it. After
   * `login()` in the same request the token is one of the session's new secret.
   */
  getCsrfToken(): string {
    return csrfToken(this.#accessed());
  }

  /** Returns whether this is a CSRF token of this session, in constant time; `false` for anything else. */
  verifyCsrfToken(token: unknown): boolean {
    return verifyToken(this.#accessed(), token);
  }

  /**
   * Requires that a request with an unsafe method comes from a page of this site: by `Sec-Fetch-Site`,
   * else `Origin`, and by the token (ASVS 3.5.1 to 3.5.3). GET, HEAD and OPTIONS pass. So does a request that has its session
   * by the `Authorization` header: no page of another site can make a browser send that.
   *
   * @param token from the form or a header
   * @throws {SessionError} `ERR_SESSION_CSRF`, status 403, and the event `refused`
   */
  requireCsrfToken(token: unknown, options: CsrfOptions = {}): void {
    checkNames('options', options, ['trustedOrigins']);
    const { trustedOrigins = [] } = options;
    checkStrings('options.trustedOrigins', trustedOrigins, 'origins such as https://example.com', (origin) =>
      URL.canParse(origin),
    );
    requireToken(this.#accessed(), token, trustedOrigins);
  }

  /**
   * Aborted when the session has ended, in any process: by a logout, a revocation, a login that takes it over, its
   * expiry. For sockets, streams and long work; it costs nothing until it is read. Rotations, and logins of the same
   * owner, are followed. `signal.reason` is a `SessionError` whose `reason` says how the session has ended. Not aborted
   * any longer once the response, or the socket of the handshake, is closed.
   *
   * With Redis it needs `redis.publishEnds: true`.
   * @throws {TypeError} for a session that is not stored
   * @throws {SessionError} `ERR_SESSION_UNSUPPORTED` for a store that cannot report ends
   */
  get signal(): AbortSignal {
    return endSignal(this.#accessed());
  }

  /**
   * Calls back once, when the session has ended, as `signal` says it.
   * @returns a function that stops it
   * @throws {TypeError} for a session that is not stored
   * @throws {SessionError} `ERR_SESSION_UNSUPPORTED` for a store that cannot report ends
   */
  onEnd(callback: (reason: WatchedEndReason) => void): () => void {
    checkFunction('callback', callback, 'a function of the reason');
    if (callback === undefined) throw expected('callback', 'a function of the reason', callback);
    return watchEnd(this.#accessed(), callback);
  }

  /** Loads a session that `load: 'lazy'` has left unloaded, once. */
  load(): Promise<this> {
    refuseArguments('load', arguments);
    return handled(loadSession(stateOf(this)).then(() => this));
  }

  /**
   * Reads the session again, from the server itself: what others did to it since shows, and what this
   * request changed stays. For long requests, sockets, and where `redis.cache` is too little.
   */
  reload(): Promise<this> {
    refuseArguments('reload', arguments);
    const state = stateOf(this);
    return handled(withStoreErrorEvent(state.context.events, 'load', () => reloadSession(state)).then(() => this));
  }

  /**
   * Commits now: before a streamed response, or to catch an error yourself. Later changes need another
   * `save()` or go with the response.
   * @throws {TypeError} at once, for a callback
   * @throws {SessionError} `ERR_SESSION_HEADERS_SENT` when a new cookie would be needed and cannot be sent,
   * `ERR_SESSION_ENDED` when the session was ended elsewhere, and what the request wrote with it
   */
  save(): Promise<void> {
    refuseArguments('save', arguments);
    return handled((async () => await saveSession(this.#accessed()))());
  }

  /**
   * Reads, changes and writes one field atomically and at once: of N concurrent updates none is lost.
   * `change` may run several times; when it returns `undefined`, the field is deleted.
   *
   * @example
   * ```ts
   * const views = await session.update('views', (n = 0) => n + 1);
   * ```
   * @throws {SessionError} `ERR_SESSION_ENDED` when the session was ended elsewhere, so that nothing was stored
   */
  update<K extends keyof Data & string>(
    key: K,
    change: (value: Data[K] | undefined) => Data[K] | undefined,
  ): Promise<Data[K] | undefined> {
    return this.#run('update', (state) => {
      assertWritable(state);
      checkFunction('change', change, 'a function of the present value');
      return updateField(state, fieldName(checkKey(key)), change as (value: unknown) => unknown);
    }) as Promise<Data[K] | undefined>;
  }

  #run<T>(operation: string, work: (state: SessionState) => Promise<T>): Promise<T> {
    return handled(withStoreErrorEvent(stateOf(this).context.events, operation, async () => await work(stateOf(this))));
  }

  #accessed(): SessionState {
    const state = stateOf(this);
    markAccessed(state);
    return state;
  }

  #writable(): SessionState {
    const state = stateOf(this);
    assertWritable(state);
    return state;
  }

  #cookieSendable(operation: string): SessionState {
    const state = stateOf(this);
    assertCookieSendable(state, operation);
    return state;
  }

  static {
    guardMembers(WebsaunaSession.prototype, isSealed);
  }
}

/** Refuses a callback, which would never be called, before it is waited for. */
function refuseArguments(method: string, [given]: ArrayLike<unknown> & Iterable<unknown>): void {
  if (given === undefined) return;
  const what = typeof given === 'function' ? 'a callback' : describe(given);
  throw new TypeError(
    `Expected \`session.${method}\` to be called with no arguments, got ${what}. It returns a promise: \`await session.${method}()\``,
  );
}

/** Marks a rejection as handled: if the application does not wait for it, it must not end the process. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Returns what a session that is not stored yet will keep of its client. */
function keptDetails(state: SessionState): { address: string | null; agent: string | null } {
  return clientDetails(state.context, state.exchange, state.epoch.pending.login !== null);
}

function dateOf(milliseconds: number | undefined): Date | null {
  return milliseconds === undefined || milliseconds === 0 ? null : new Date(milliseconds);
}

function checkQueue(queue: unknown): string {
  if (typeof queue !== 'string') throw expected('queue', 'a string', queue);
  if (!queue.isWellFormed()) throw expected('queue', 'text without lone surrogates', queue);
  return queue;
}
