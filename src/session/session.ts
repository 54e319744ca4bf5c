import { commitSession } from '../engine/commit.ts';
import { newId } from '../engine/create.ts';
import { handleOf } from '../crypto/keyring.ts';
import { fieldName } from '../engine/fields.ts';
import { loadLazily } from '../engine/open.ts';
import { reloadSession } from '../engine/reload.ts';
import type { SessionState } from '../engine/state.ts';
import { withStoreErrorEvent } from '../engine/telling.ts';
import { updateField } from '../engine/update.ts';
import { csrfToken, renewCsrfToken, requireToken, verifyToken } from './csrf.ts';
import { SessionError } from '../errors.ts';
import { markLogin, markPending, pendingLogin } from './login.ts';
import { addFlash, peekFlashes, popFlashes, takeFlashes } from './flash.ts';
import { checkFunction, checkNumber, expected, MAX_SECONDS } from '../internal/validate.ts';
import type { DefaultData } from '../options/options.ts';
import { SessionDict, stateOf } from './dict.ts';

/** What the `sessionClass` option takes: `WebsaunaSession`, or a class that extends it. */
export type SessionConstructor<Data extends object, S extends WebsaunaSession<Data>> = new (state: SessionState) => S;

export interface LoginOptions {
  /** How the owner authenticated, in the application's words, such as `password` or `passkey`. */
  method?: string;
  /**
   * What else the session can be found by, such as `{ sid }` for an identity provider's session id; see
   * `factory.owners.revokeBy`.
   */
  index?: Readonly<Record<string, string>>;
}

export interface BeginLoginOptions {
  /** How the owner has authenticated so far, in the application's words. */
  method?: string;
  /** Seconds that the owner has for the second factor. Default 300. */
  timeout?: number;
}

/** A login that waits for its second factor. */
export interface PendingLoginInfo {
  readonly owner: string;
  readonly method: string | null;
  readonly expiresAt: Date;
}

export interface LogoutOptions {
  /** Send `Clear-Site-Data` for cache and storage too (ASVS 14.3.1). Default `false`. */
  clearSiteData?: boolean;
}

/**
 * The session of one request. What is done to it takes effect at the commit, all or nothing, before the
 * response's headers leave.
 *
 * Reading a session makes its response depend on the cookie: `Vary: Cookie` is added, and
 * `Cache-Control: private, no-cache` where the response has none.
 */
export class WebsaunaSession<Data extends object = DefaultData> extends SessionDict<Data> {
  /**
   * The secret that opens the session. Never log or render it; `handle` is the public name. A session
   * that is not stored yet keeps the id when it is, unless a login or a rotation comes first.
   */
  get id(): string {
    const state = this.#used();
    state.promisedId ??= state.id ?? newId(state, null);
    return state.id ?? state.promisedId;
  }

  /** SHA-256 of the id, base64url: the session's name in logs, device lists and tools. */
  get handle(): string {
    const state = this.#used();
    return state.key?.handle ?? handleOf(this.id);
  }

  /** Was there no stored session when the request began? Also true after `invalidate()`. */
  get isNew(): boolean {
    return this.#used().isNew;
  }

  /** The URL that opened the session, for debugging. It is not stored. */
  get url(): string {
    return stateOf(this).exchange.url;
  }

  /** When the session was first stored, or its owner logged in, by the store's clock; `null` while it is not stored. */
  get createdAt(): Date | null {
    return dateOf(this.#used().meta?.createdAt);
  }

  /** When the session was last stored or touched, to a second; `null` while it is not stored. */
  get lastSeenAt(): Date | null {
    const { meta, lastSeen } = this.#used();
    return meta === null ? null : new Date(lastSeen);
  }

  /** The end that no activity can move; `null` for none, or while the session is not stored. */
  get expiresAt(): Date | null {
    return dateOf(this.#used().meta?.expiresAt);
  }

  /** When the owner last logged in, by the store's clock; `null` without a login. */
  get authenticatedAt(): Date | null {
    const { login, meta } = this.#used();
    return login === null ? dateOf(meta?.authenticatedAt) : new Date();
  }

  /** As given to `login`; `null` without a login. */
  get owner(): string | null {
    const { login, meta } = this.#used();
    return login?.owner ?? meta?.owner ?? null;
  }

  /** How the owner authenticated, as given to `login`. */
  get method(): string | null {
    const { login, meta } = this.#used();
    return login === null ? (meta?.method ?? null) : login.method;
  }

  /** The client's address when the session was stored, or at the login. */
  get clientAddress(): string | null {
    const { meta, exchange } = this.#used();
    return meta === null ? exchange.clientAddress : meta.address;
  }

  /** The client's `User-Agent` when the session was stored, or at the login. */
  get userAgent(): string | null {
    const { meta, exchange } = this.#used();
    return meta === null ? (exchange.header('user-agent') ?? null) : meta.agent;
  }

  /** Seconds of inactivity after which the session ends. */
  get timeout(): number {
    const { timeout, meta, engine } = this.#used();
    return timeout ?? meta?.timeout ?? engine.options.timeout;
  }

  /** True when the store failed and `onStoreError` is `'anonymous'`: empty, and it cannot be changed. */
  get degraded(): boolean {
    return stateOf(this).phase === 'degraded';
  }

  /** Gives this session another idle timeout, in seconds, for the rest of its life. */
  adjustTimeout(seconds: number): void {
    checkNumber('seconds', seconds, { of: 'of seconds', min: 1, max: MAX_SECONDS });
    if (seconds === undefined) throw expected('seconds', 'an integer of seconds', seconds);
    this.#changing().timeout = seconds;
  }

  /**
   * Makes the session `owner`'s: it gets a new id, the old one is dead, and the owner's other sessions can
   * be found. Fields are carried over, the CSRF secret is not (ASVS 7.2.4).
   *
   * @param owner the application's user id
   * @throws {SessionError} at the commit: `ERR_SESSION_FULL` when `maxSessionsPerOwner` is reached and
   * `onSessionLimit` is `'refuse'`; `await session.save()` to answer that yourself
   */
  login(owner: string, options: LoginOptions = {}): void {
    markLogin(this.#changing(), owner, options.method, options.index);
  }

  /**
   * Remembers who is about to log in while a second factor is pending. The session gets a new id, and
   * nobody owns it before `login()`, which gives it another: it cannot be promoted without a rotation.
   */
  beginLogin(owner: string, options: BeginLoginOptions = {}): void {
    markPending(this.#changing(), owner, options.method, options.timeout);
  }

  /** The login that waits for its second factor; `null` when there is none, or its time is over. */
  get pendingLogin(): PendingLoginInfo | null {
    return pendingLogin(this.#used());
  }

  /** Ends the session, and says so as a logout. What is written afterwards begins a fresh, anonymous one. */
  logout(options: LogoutOptions = {}): void {
    const state = this.#changing();
    state.retire('logout');
    state.clearSiteData = options.clearSiteData === true;
  }

  /** Ends the session at the commit. What is written afterwards begins a fresh, anonymous one. */
  invalidate(): void {
    this.#changing().retire('invalidated');
  }

  /**
   * Gives the session a new id at the commit, to be called on any change of privilege. For
   * `rotationGrace` seconds the old id leads parallel requests to the same session.
   */
  rotate(): void {
    const state = this.#changing();
    state.promisedId = null;
    state.rotate ??= state.key === null ? null : 'grace';
  }

  /**
   * Requires that the owner logged in not long ago, before something that needs the password again.
   * @param seconds the greatest age of the login
   * @throws {SessionError} `ERR_SESSION_NOT_FRESH`, status 403
   */
  requireFresh(seconds: number): void {
    checkNumber('seconds', seconds, { of: 'of seconds', min: 0, integer: false });
    const { login, meta, store } = this.#used();
    if (login !== null) return;
    const at = meta?.authenticatedAt ?? 0;
    if (at > 0 && store!.now() - at <= seconds * 1000) return;
    throw new SessionError(
      'ERR_SESSION_NOT_FRESH',
      'The owner has to log in again: the last login is not recent enough',
    );
  }

  /** Leaves a message for the next page. Messages of concurrent requests are all kept, in order. */
  flash(message: unknown, queue = '', allowDuplicate = true): void {
    addFlash(this.#changing(), message, checkQueue(queue), allowDuplicate);
  }

  /** Gives the messages of a queue and deletes them. */
  popFlash(queue = ''): unknown[] {
    return popFlashes(this.#changing(), checkQueue(queue));
  }

  /** Gives the messages of a queue and keeps them. */
  peekFlash(queue = ''): unknown[] {
    return peekFlashes(this.#used(), checkQueue(queue));
  }

  /** Like `popFlash`, at once: of several concurrent requests, each message is given to one only. */
  async takeFlash(queue = ''): Promise<unknown[]> {
    const state = this.#changing();
    checkQueue(queue);
    return await withStoreErrorEvent(state.engine, 'take', () => takeFlashes(state, queue));
  }

  /** A new CSRF secret: tokens that were rendered before are void. Gives a token. */
  newCsrfToken(): string {
    return renewCsrfToken(this.#changing());
  }

  /** A CSRF token for a form, masked: each rendering differs (BREACH). A new session is stored by it. */
  getCsrfToken(): string {
    return csrfToken(this.#used());
  }

  /** Is this a CSRF token of this session? Constant time; `false` for anything else. */
  verifyCsrfToken(token: unknown): boolean {
    return verifyToken(this.#used(), token);
  }

  /**
   * Requires that a request with an unsafe method comes from a page of this site: by `Sec-Fetch-Site`,
   * else `Origin`, and by the token (ASVS 3.5.1 to 3.5.3). GET, HEAD and OPTIONS pass.
   *
   * @param token from the form or a header
   * @throws {SessionError} `ERR_SESSION_CSRF`, status 403
   */
  requireCsrfToken(token: unknown, options: { trustedOrigins?: readonly string[] } = {}): void {
    requireToken(this.#used(), token, options.trustedOrigins ?? []);
  }

  /** Loads a session that `load: 'lazy'` has left unloaded. */
  async load(): Promise<this> {
    await loadLazily(stateOf(this));
    return this;
  }

  /**
   * Reads the session again, from the server itself: what others did to it since shows, and what this
   * request changed stays. For long requests, sockets, and where `redis.cache` is too little.
   */
  async reload(): Promise<this> {
    const state = stateOf(this);
    await withStoreErrorEvent(state.engine, 'load', () => reloadSession(state));
    return this;
  }

  /**
   * Commits now: before a streamed response, or to catch an error oneself. Later changes need another
   * `save()` or go with the response.
   * @throws {SessionError} `ERR_SESSION_HEADERS_SENT` when a new cookie would be needed and cannot be sent
   */
  async save(): Promise<void> {
    await commitSession(this.#used(), null);
  }

  /**
   * Reads, changes and writes one field atomically and at once: of N concurrent updates none is lost.
   * `change` may run several times; when it gives `undefined`, the field is deleted.
   *
   * @example
   * ```ts
   * const views = await session.update('views', (n = 0) => n + 1);
   * ```
   */
  async update<K extends keyof Data & string>(
    key: K,
    change: (value: Data[K] | undefined) => Data[K] | undefined,
  ): Promise<Data[K] | undefined> {
    checkFunction('change', change, 'a function of the present value');
    const state = this.#changing();
    const value = await withStoreErrorEvent(state.engine, 'update', () =>
      updateField(state, fieldName(key), change as (value: unknown) => unknown),
    );
    return value as Data[K] | undefined;
  }

  #used(): SessionState {
    const state = stateOf(this);
    state.use();
    return state;
  }

  #changing(): SessionState {
    const state = stateOf(this);
    state.change();
    return state;
  }
}

function dateOf(milliseconds: number | undefined): Date | null {
  return milliseconds === undefined || milliseconds === 0 ? null : new Date(milliseconds);
}

function checkQueue(queue: unknown): string {
  if (typeof queue !== 'string') throw expected('queue', 'a string', queue);
  return queue;
}
