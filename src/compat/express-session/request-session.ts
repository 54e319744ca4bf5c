import type { ServerResponse } from 'node:http';
import { assertCookieSendable } from '../../engine/access.ts';
import { saveSession } from '../../engine/commit.ts';
import type { Epoch } from '../../engine/epoch.ts';
import { sessionEnded } from '../../engine/rotation.ts';
import type { SessionState } from '../../engine/state.ts';
import { SessionError } from '../../errors.ts';
import type { ResponseHead } from '../../exchange.ts';
import { untrustedHttps } from '../../internal/forwarded.ts';
import { stateOf } from '../../session/dict.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import type { SessionStore } from '../../stores/store.ts';
import { ExpressStoreAdapter, type AdapterState } from '../express-store/adapter.ts';
import { COOKIE_FIELD, type Cookie, type CookieAttributes } from './cookie.ts';
import type { ExchangeSession, SessionExchange } from './exchange.ts';
import { commitBeforeEnd } from './late-commit.ts';
import { applyOwner } from './owner.ts';
import { normalizeOwner } from './owner-id.ts';
import { RequestCookie } from './request-cookie.ts';
import { RequestIds } from './request-ids.ts';
import type { MigratingRequest, MigratingSessionStore } from './migration.ts';
import type { SessionConnection, SessionRequest } from './request.ts';
import { SessionCodec } from './session-codec.ts';
import { SessionProperty } from './session-property.ts';
import { isReserved, renameSession, resetMaxAge, Session, setField } from './session.ts';
import type { Site } from './site.ts';
import { TranslatedHead } from './translated-head.ts';
import { writeFields, writeTimeout } from './write.ts';

/** The engine's session of a request. */
type Inner = WebsaunaSession<Record<string, unknown>>;

/**
 * Connects `req.session`, an ordinary object, with the engine's session: makes it when it is first asked for, and
 * compares the two when the session is committed.
 */
export class RequestSession implements SessionConnection, ExchangeSession {
  readonly adapter: SessionStore | null;
  readonly migrating: MigratingRequest | undefined;
  readonly engineCookies: string | undefined;
  readonly #site: Site;
  readonly #req: SessionRequest;
  readonly #res: ServerResponse;
  #inner!: Inner;
  #state!: SessionState;
  #exchange!: SessionExchange;
  readonly #property: SessionProperty;
  /** The epoch that the session of the property was made of. */
  #epoch: Epoch | null = null;
  readonly #ids: RequestIds;
  readonly #cookie: RequestCookie;
  /** What the application has assigned to `req.sessionID`. */
  #assignedSid: { readonly value: unknown } | null = null;
  #isUnset = false;
  #hasRegenerated = false;
  /** Whose session it was when it was loaded, by the option. */
  #knownOwner: string | null = null;
  #wasModified = false;
  #headCommitted = false;

  constructor(site: Site, req: SessionRequest, res: ServerResponse) {
    this.#site = site;
    this.#req = req;
    this.#res = res;
    this.#ids = new RequestIds(site.options, req);
    this.#cookie = new RequestCookie(site, req);
    this.#property = new SessionProperty(req, () => this.#begin());
    const presented = site.codec.read(req);
    for (const { sid } of presented) this.#ids.register(sid);
    this.engineCookies = site.codec.engineCookies(req, presented);
    this.migrating = site.options.migrateFrom === null ? undefined : this.#describeForMigration();
    this.adapter = site.adapter === null ? null : this.#openStore(site.adapter);
  }

  /** Takes the session that the engine has opened, and makes it the request's. */
  start(inner: Inner, exchange: SessionExchange): void {
    this.#inner = inner;
    this.#state = stateOf(inner);
    this.#exchange = exchange;
    this.#req.sessionStore = this.#site.store;
    this.#property.install();
    Object.defineProperty(this.#req, 'sessionID', {
      get: () => this.#currentSid(),
      set: (value: unknown) => {
        this.#assignedSid = { value };
      },
      enumerable: true,
      configurable: true,
    });
  }

  get cookieWritten(): boolean {
    return this.#cookie.written;
  }

  /** A login by a form that an identity provider posts calls `regenerate()`. */
  get mayReplaceOthers(): boolean {
    return this.#hasRegenerated || this.#cookie.overrides.configured.sameSite === 'none';
  }

  get handle(): string {
    return this.#inner.handle;
  }

  regenerate(): void {
    this.#inner.invalidate();
    this.#hasRegenerated = true;
    this.#beginAgain(new Map());
  }

  /** Saves what the request has changed. An empty session is stored, too. */
  async save(session: object): Promise<void> {
    if (this.#property.attached !== session || this.#isLost()) throw sessionEnded();
    if (this.#hasBogusId()) return;
    this.#write(session, true);
    this.#noticeChanges();
    await saveSession(this.#state);
    this.#rename();
  }

  async reload(session: object): Promise<void> {
    const { epoch, record } = this.#state;
    if (record === null || this.#property.attached !== session || this.#isLost())
      throw new Error('failed to load session');
    epoch.fields.discardChanges();
    epoch.pending.clear();
    await this.#inner.reload();
    if (this.#state.epoch !== epoch || this.#state.phase !== 'ready') throw new Error('failed to load session');
    this.#property.replace(this.#materialise());
  }

  async destroy(session: object): Promise<void> {
    if (this.#property.attached !== session) return;
    // A page that a browser fetches ahead must not log out.
    if (this.#state.isPrefetch) assertCookieSendable(this.#state, 'destroy');
    this.#unset();
    this.#property.remove();
    await saveSession(this.#state);
  }

  commit(head: ResponseHead): Promise<void> | undefined {
    // A request that failed while its session was opened.
    if (this.#inner === undefined || this.#hasBogusId()) return undefined;
    this.#headCommitted = true;
    // The response of an error carries nothing of what has failed.
    if (!this.#state.commitFailed) this.#prepareOrFail();
    const committing = this.#site.factory.commit(this.#inner, new TranslatedHead(head, this));
    if (committing === undefined) this.#rename();
    return committing?.then(() => this.#rename());
  }

  /** Commits what the request has changed since its head has left; `undefined` when there is nothing. */
  commitLate(): Promise<void> | undefined {
    const { commitFailed, context } = this.#state;
    if (!this.#headCommitted || commitFailed || this.#hasBogusId()) return undefined;
    try {
      this.#prepare();
    } catch (error) {
      if (!(error instanceof SessionError) || error.code !== 'ERR_SESSION_HEADERS_SENT') return Promise.reject(error);
      context.events.emit('discarded', { handle: null, reason: 'late' });
      return undefined;
    }
    const { epoch, pendingEnds } = this.#state;
    if (this.#isLost() || (!epoch.asks && pendingEnds.length === 0)) return undefined;
    return saveSession(this.#state);
  }

  finalize(head: ResponseHead): void {
    if (this.#inner !== undefined) this.#site.factory.finalize(this.#inner, head);
  }

  /** Answers a late failure: the response must not look complete. */
  failLate(error: unknown): void {
    this.#exchange.fail(error);
    this.#res.destroy();
  }

  /** Returns the error of the application's own store where the engine has wrapped it. */
  unwrap(error: unknown): unknown {
    const isWrapped = this.adapter !== null && error instanceof SessionError && error.code === 'ERR_SESSION_STORE';
    return isWrapped ? (error.cause ?? error) : error;
  }

  /** Returns the `Set-Cookie` in place of the engine's; `null` for none. */
  translateCookie(given: string): string | null {
    if (given.startsWith(`${this.#site.options.name}=;`)) return this.#cookie.serializeDeletion();
    return this.#cookie.serialize(this.#presentCookie(), this.#ids.sidOf(this.#state.record!.id));
  }

  /** Opens the store for express-session, which finds sessions by the ids that this request knows. */
  #openStore(state: AdapterState): SessionStore {
    const { cookieAttributes, options } = this.#site;
    const expires = (): Date | null => {
      const { current } = this.#property;
      return current === undefined ? null : this.#cookie.of(current).expires;
    };
    return new ExpressStoreAdapter(
      state,
      new SessionCodec({ ids: this.#ids, ttl: options.ttl, cookieAttributes, expires }),
    );
  }

  #describeForMigration(): MigratingRequest {
    const configuredCookie = this.#site.options.cookieFor(this.#req);
    const decidedCookie = (): CookieAttributes => this.#cookie.overrides.configured.data;
    return {
      sidOf: ({ handle }) => this.#ids.findByHandle(handle),
      configuredCookie,
      get decidedCookie() {
        return decidedCookie();
      },
    };
  }

  /** Returns whether the session has, or will have, the form of express-session, which knows no owners. */
  #isForeign(): boolean {
    if (this.#site.options.migrateFrom?.phase !== 'beside') return false;
    const { record, store } = this.#state;
    if (record === null) return true;
    const connected = store.connect() as MigratingSessionStore;
    return connected instanceof Promise || connected.isForeign(record.key);
  }

  // `req.session` and `req.sessionID`.

  #begin(): Session {
    const session = this.#materialise();
    commitBeforeEnd(this.#res, this);
    return session;
  }

  #materialise(): Session {
    for (;;) {
      const { epoch } = this.#state;
      const fields = new Map(this.#inner.entries());
      // A record that could not be read was given up.
      if (this.#state.epoch !== epoch) continue;
      this.#epoch = epoch;
      const session = this.#describe(fields);
      const { owner } = this.#site.options;
      if (owner !== null && epoch.record !== null) this.#knownOwner = normalizeOwner(owner(session));
      return session;
    }
  }

  #describe(fields: ReadonlyMap<string, unknown>): Session {
    const session = new Session(this.#req);
    session.cookie = this.#cookie.overrides.apply(fields.get(COOKIE_FIELD));
    for (const [key, value] of fields) {
      if (key !== COOKIE_FIELD && !isReserved(key)) setField(session, key, value);
    }
    return session;
  }

  #beginAgain(fields: ReadonlyMap<string, unknown>): void {
    this.#epoch = this.#state.epoch;
    this.#isUnset = false;
    this.#knownOwner = null;
    this.#newSid();
    this.#property.replace(this.#describe(fields));
  }

  #unset(): void {
    this.#cookie.end(this.#presentCookie());
    this.#state.end('logout');
    this.#epoch = this.#state.epoch;
    this.#isUnset = true;
  }

  // Ids.

  #currentSid(): unknown {
    if (this.#assignedSid !== null) return this.#assignedSid.value;
    this.#state.markPersonal();
    const { record } = this.#state;
    if (record !== null) return this.#ids.sidOf(record.id);
    return this.#ids.fresh ?? this.#newSid();
  }

  /** Makes an id for the session, which is not stored yet. */
  #newSid(): string {
    this.#state.epoch.reserveId(this.#ids.create());
    return this.#ids.fresh!;
  }

  /** Makes the session known by the id under which it is stored. */
  #rename(): void {
    const { record } = this.#state;
    const { current } = this.#property;
    if (record !== null && current instanceof Session) renameSession(current, this.#ids.sidOf(record.id));
  }

  /** express-session saves nothing for a request whose `sessionID` is no text. */
  #hasBogusId(): boolean {
    return this.#assignedSid !== null && typeof this.#assignedSid.value !== 'string';
  }

  // The commit.

  #isLost(): boolean {
    return this.#epoch !== null && this.#state.epoch !== this.#epoch && this.#state.phase === 'lost';
  }

  #prepareOrFail(): void {
    try {
      this.#prepare();
    } catch (error) {
      this.#state.markCommitFailed();
      throw error;
    }
  }

  /** Writes what the request has changed into the engine's session, and asks for what the options say. */
  #prepare(): void {
    const { options } = this.#site;
    const { record, phase } = this.#state;
    let session = this.#property.attached;
    if (session === null && options.destroysUnset && !this.#isUnset) this.#unset();
    if (session === undefined && phase === 'ready') {
      const isNeeded = record === null ? options.saveUninitialized : options.rolling;
      if (isNeeded && !this.#state.headLeaving) session = this.#property.demand();
    }
    if (session === null || session === undefined || this.#isLost()) return;
    const cookieChanged = this.#write(session, options.saveUninitialized);
    this.#requestCookie(session, cookieChanged);
  }

  /** @returns whether the attributes of the cookie have changed */
  #write(session: object, isStoredEmpty: boolean): boolean {
    const state = this.#state;
    const cookie = this.#cookie.of(session);
    resetMaxAge(cookie);
    if (this.#cookie.isForbidden(cookie)) {
      const isProxied = untrustedHttps(this.#exchange.header('x-forwarded-proto'), 0, false);
      state.clientCookie.forbid(isProxied ? 'untrusted-proxy' : 'secure-over-http');
    }
    const continuesAnonymously =
      !this.#isForeign() && applyOwner(this.#inner, session, this.#site.options, this.#knownOwner);
    if (continuesAnonymously && session instanceof Session) renameSession(session, this.#newSid());
    this.#epoch = state.epoch;
    writeFields(this.#inner, session);
    const changed = this.#cookie.overrides.write(this.#inner, cookie, isStoredEmpty);
    return writeTimeout(this.#inner, cookie, this.#site.options.ttl) || changed;
  }

  #noticeChanges(): void {
    this.#wasModified ||= this.#state.epoch.fields.changed;
  }

  /** Asks for the cookie of a stored session where express-session sends it again. */
  #requestCookie(session: object, cookieChanged: boolean): void {
    const { record, clientCookie } = this.#state;
    const cookie = this.#cookie.of(session);
    if (record === null || this.#cookie.isForbidden(cookie)) return;
    const { rolling } = this.#site.options;
    if (!rolling && !cookieChanged && cookie.expires !== null) this.#noticeChanges();
    if (rolling || cookieChanged || (cookie.expires !== null && this.#wasModified)) clientCookie.requestRenewal();
  }

  // The cookie.

  #presentCookie(): Cookie {
    const { current } = this.#property;
    if (current !== undefined) return this.#cookie.of(current);
    return this.#cookie.overrides.apply(this.#state.record === null ? undefined : this.#state.read(COOKIE_FIELD));
  }
}
