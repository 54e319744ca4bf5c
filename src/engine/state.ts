import { SessionError } from '../errors.ts';
import type { DiscardReason, EndReason } from '../events.ts';
import type { Exchange } from '../exchange.ts';
import { SerialQueue } from '../internal/serial-queue.ts';
import type { RecordKey } from '../stores/store.ts';
import { ClientCookie } from './client-cookie.ts';
import type { CookieConfig } from './config.ts';
import type { SessionContext } from './context.ts';
import type { EndedSession } from './explanation.ts';
import { Epoch, type BegunLogin, type BoundRecord, type EpochEnd, type PendingLogin } from './epoch.ts';
import { fieldName } from './field-names.ts';
import { UnreadableField } from './fields.ts';
import { isCookieWithheldBySite, isPrefetchRequest } from './request-kind.ts';
import { RequestStore } from './request-store.ts';
import { requestToken, type RequestToken } from './transport.ts';

/**
 * Whether the session can be used:
 * - `unloaded`: not before `load()`
 * - `ready`: yes
 * - `degraded`: empty and read-only, because the store failed
 * - `lost`: empty, and what is written is discarded, because the session was ended or taken over elsewhere
 * - `ignored`: likewise, because the URL has no sessions
 */
export type Phase = 'unloaded' | 'ready' | 'degraded' | 'lost' | 'ignored';

/** Why a session is lost: it has ended; a login took it over; it goes on under an id that this client may not learn. */
export type LossReason = 'gone' | 'superseded' | 'rotated';

/** A session to end at the commit. */
export interface PendingEnd {
  readonly key: RecordKey;
  readonly owner: string | null;
  readonly reason: EndReason;
  /** Whether the client is to learn of the end: then its cookie is deleted. */
  readonly deletesCookie: boolean;
}

const NO_ENDS: readonly PendingEnd[] = [];

/** One session during one request. Only its methods change it; what is the current session's is in its epoch. */
export class SessionState {
  readonly context: SessionContext;
  readonly exchange: Exchange;
  /** Everything that asks the store, one after the other. */
  readonly queue: SerialQueue = new SerialQueue();
  readonly store: RequestStore;
  /** The session token of the request; `null` when it uses the cookie. */
  readonly token: RequestToken | null;
  readonly clientCookie: ClientCookie = new ClientCookie();
  /** `null` until the application is asked for it. */
  #cookie: CookieConfig | null;
  #phase: Phase = 'ready';
  #epoch: Epoch;
  #loading: Promise<void> | null = null;
  #bypassCache = false;
  #isNew = true;
  #lossReason: LossReason | null = null;
  /** A record that this version of the application cannot read, and leaves alone until a logout ends it. */
  #corruptKey: RecordKey | null = null;
  #endedBefore: EndedSession | null = null;
  /** `null` while there is none: most requests end nothing. */
  #pendingEnds: PendingEnd[] | null = null;
  /** The session of another owner, which a login is about to leave. */
  #switchedFrom: Epoch | null = null;
  #endReason: EndReason = 'invalidated';
  #clearSiteData = false;
  #accessed = false;
  #intercepted = false;
  #headLeaving = false;
  #headersWritten = false;
  #commitFailed = false;
  #lateCheckArmed = false;
  #bypassCheckArmed = false;
  /** `null` until it is asked for. */
  #isPrefetch: boolean | null = null;

  constructor(context: SessionContext, exchange: Exchange) {
    this.context = context;
    this.exchange = exchange;
    this.store = new RequestStore(context, exchange.request);
    const { cookie, transport } = context.config;
    this.#cookie = typeof cookie === 'function' ? null : cookie;
    this.token = transport === 'cookie' ? null : requestToken(transport, exchange);
    this.#epoch = this.#newEpoch();
  }

  /** The settings of the cookie, for this request. */
  get cookie(): CookieConfig {
    if (this.#cookie !== null) return this.#cookie;
    const { cookie } = this.context.config;
    return (this.#cookie = typeof cookie === 'function' ? cookie(this.exchange) : cookie);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  /** The stored record of the current session; `null` while nothing is stored. */
  get record(): BoundRecord | null {
    return this.#epoch.record;
  }

  get lossReason(): LossReason | null {
    return this.#lossReason;
  }

  /** True when there was no stored session when the request began, or it has ended since. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** True when the request used the session, so that its response depends on the cookie. */
  get accessed(): boolean {
    return this.#accessed;
  }

  get bypassCache(): boolean {
    return this.#bypassCache;
  }

  get pendingEnds(): readonly PendingEnd[] {
    return this.#pendingEnds ?? NO_ENDS;
  }

  get clearSiteData(): boolean {
    return this.#clearSiteData;
  }

  /** True from the call of the final commit on: what is done from then on cannot change the response's head. */
  get headLeaving(): boolean {
    return this.#headLeaving;
  }

  get headersWritten(): boolean {
    return this.#headersWritten;
  }

  /** True when a commit has failed: the error's response carries no cookie. */
  get commitFailed(): boolean {
    return this.#commitFailed;
  }

  /** Why and when the session of the request's cookie has ended; `null` when that is not known. */
  get endedBefore(): EndedSession | null {
    return this.#endedBefore;
  }

  /** True when a browser fetches the page ahead of a visit that may never come. */
  get isPrefetch(): boolean {
    this.#isPrefetch ??= isPrefetchRequest(this.exchange);
    return this.#isPrefetch;
  }

  /** True when the client may have a session cookie that `SameSite` has kept from the request. */
  get isCookieWithheld(): boolean {
    return this.token === null && isCookieWithheldBySite(this.cookie, this.exchange);
  }

  // Loading.

  markIgnored(): void {
    this.#phase = 'ignored';
  }

  markUnloaded(): void {
    this.#phase = 'unloaded';
  }

  readPastCache(): void {
    this.#bypassCache = true;
  }

  /** Loads once, however often it is asked to; again after a failure. */
  loadOnce(load: () => Promise<void>): Promise<void> {
    this.#loading ??= load().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  /** Ends the loading of a session. */
  markLoaded(): void {
    if (this.#phase === 'unloaded') this.#phase = 'ready';
  }

  /** Goes on with an empty session that cannot be written, because the store failed. */
  markDegraded(): void {
    this.#epoch = this.#newEpoch();
    this.#isNew = true;
    this.#phase = 'degraded';
  }

  /** Binds the session to the record that its cookie opened. */
  bindLoaded(record: BoundRecord): void {
    this.clientCookie.compareAttributes(this.cookie, record);
    this.#isNew = false;
    this.#endedBefore = null;
    this.#epoch.bind(record);
    // The client has a cookie that opens a session, whatever becomes of the others that it came with.
    if (this.#pendingEnds !== null)
      this.#pendingEnds = this.#pendingEnds.map((end) => ({ ...end, deletesCookie: false }));
  }

  /** Records the key of a record that cannot be read: a logout ends it. */
  rememberCorrupt(key: RecordKey): void {
    this.#corruptKey = key;
  }

  /** Records why the session of a cookie has ended. Of several cookies, the first explains it. */
  explainEnd(ended: EndedSession): void {
    if (this.context.config.explainEnds > 0) this.#endedBefore ??= ended;
  }

  // Use.

  /** Has the adapter intercept the response, once: otherwise it would commit a second time. */
  interceptResponse(): void {
    if (this.#intercepted) return;
    this.#intercepted = true;
    this.exchange.interceptResponse?.();
  }

  /** Makes the response depend on the cookie, by `Vary` and `Cache-Control`. */
  markPersonal(): void {
    if (this.#accessed) return;
    this.#accessed = true;
    this.interceptResponse();
    if (this.#headLeaving && this.#phase !== 'ignored') {
      this.context.events.emit('lateRead', { handle: this.#epoch.handle });
    }
  }

  /** Prepares for reading. */
  markAccessed(): void {
    if (!this.#accessed) this.markPersonal();
    if (this.#phase === 'unloaded') {
      throw new SessionError('ERR_SESSION_NOT_LOADED', 'The session is not loaded: call `await session.load()` first');
    }
    if (this.#headLeaving) this.#armLateCheck();
    this.applyInitialData();
  }

  /** Gives a new session its initial data, once. */
  applyInitialData(): void {
    if (this.#phase === 'ready' && this.#epoch.startInitialData()) this.#setInitialData(this.#epoch);
  }

  /** Prepares for a change that the commit stores with the record. */
  assertWritable(): void {
    this.exchange.assertWritable?.();
    this.assertStorable();
  }

  /** Prepares for a change that is stored at once. */
  assertStorable(): void {
    this.markAccessed();
    if (this.#phase === 'degraded') {
      throw new SessionError(
        'ERR_SESSION_DEGRADED',
        'The session cannot be changed because the store failed: check `session.degraded` first',
      );
    }
    if (this.#headLeaving && this.record === null) throw headersSent('A session that is not stored cannot be changed');
    if (this.exchange.onBypass !== undefined) this.#armBypassCheck();
  }

  /** Prepares for a change that needs another cookie. */
  assertCookieSendable(operation: string): void {
    this.assertWritable();
    if (this.isPrefetch) {
      throw new SessionError(
        'ERR_SESSION_PREFETCH',
        `\`session.${operation}()\` is refused because a browser prefetches the page, which its user may never visit. The visit is a request of its own`,
      );
    }
    if (this.#headLeaving) throw headersSent(`\`session.${operation}()\` cannot take effect`);
  }

  /**
   * Returns a field's value. If one field of a record cannot be read, the others are not trusted either: the session
   * begins again, and keeps what this request wrote.
   */
  read(name: string): unknown {
    try {
      return this.#epoch.fields.get(name);
    } catch (error) {
      if (!(error instanceof UnreadableField)) throw error;
      this.discardCorrupt(this.#epoch);
      return this.#epoch.fields.get(name);
    }
  }

  // Ends.

  /** Ends the session at the commit; what follows belongs to a new one. */
  end(reason: EndReason): void {
    this.#endReason = reason;
    this.#pendEndOf(this.record, reason);
    this.#pendEndOf(this.#switchedFrom?.record ?? null, reason);
    this.#switchedFrom?.close('ended');
    if (this.record === null && this.#corruptKey !== null) {
      this.#pendEnd({ key: this.#corruptKey, owner: null, reason, deletesCookie: true });
      this.#corruptKey = null;
    }
    this.#switchedFrom = null;
    this.#replaceEpoch('ended');
    if (this.#phase === 'lost') this.#phase = 'ready';
  }

  /** Records that the store has ended the session for this request: what follows belongs to a new one. */
  endAcknowledged(): void {
    if (this.record?.fromClient === true) this.clientCookie.acknowledgeEnd();
    this.#replaceEpoch('ended');
  }

  /** Ends at the commit a record that is past the lifetimes of the factory. */
  endExpired(record: { key: RecordKey; owner: string | null }): void {
    this.#pendEnd({ ...record, reason: 'expired', deletesCookie: false });
  }

  /** Ends at the commit a record that was on its way to the store when the request ended its session. */
  endLateRecord(record: BoundRecord): void {
    this.#pendEndOf(record, this.#endReason);
  }

  /** Ends at the commit a record whose authentication is no longer valid, before the session is bound to any. */
  endInvalidated(record: { key: RecordKey; owner: string | null }): void {
    this.#pendEnd({ ...record, reason: 'authentication-changed', deletesCookie: true });
  }

  requestClearSiteData(): void {
    this.#clearSiteData = true;
  }

  /** Records that the store has carried out the first of the pending ends, and returns it. */
  endCarriedOut(existed: boolean): PendingEnd {
    const end = this.#pendingEnds!.shift()!;
    if (existed && end.deletesCookie) this.clientCookie.acknowledgeEnd();
    return end;
  }

  /**
   * Marks the session as lost: it was ended or taken over elsewhere. If this request has asked for a login, that is still
   * to come, and begins a session with what the request itself wrote.
   */
  lose(epoch: Epoch, reason: LossReason): void {
    if (epoch !== this.#epoch) return;
    const { login, begunLogin, timeout } = epoch.pending;
    if (login !== null) {
      this.#replaceEpoch('lost', epoch);
      Object.assign(this.#epoch.pending, { login, begunLogin, timeout });
      return;
    }
    this.#replaceEpoch('lost');
    this.#phase = 'lost';
    this.#lossReason = reason;
  }

  /** Starts out as a session that was taken over elsewhere. */
  startLost(reason: LossReason): void {
    this.#phase = 'lost';
    this.#lossReason = reason;
  }

  /** Leaves an unreadable record alone and goes on with what the request wrote. */
  discardCorrupt(epoch: Epoch): void {
    if (epoch !== this.#epoch || epoch.record === null) return;
    const { key } = epoch.record;
    this.context.events.emit('rejected', {
      handle: key.handle,
      reason: 'corrupt',
      detail: 'unparsable',
      clientAddress: this.exchange.clientAddress,
    });
    this.#corruptKey = key;
    const { login, begunLogin, timeout } = epoch.pending;
    this.#replaceEpoch('lost', epoch);
    Object.assign(this.#epoch.pending, { login, begunLogin, timeout });
  }

  /** Discards what the request wrote and asked for, except that sessions which it ends stay ended. */
  discardChanges(reason: DiscardReason, epoch: Epoch = this.#epoch): void {
    this.context.events.emit('discarded', { handle: epoch.handle, reason });
    epoch.fields.discardChanges();
    epoch.pending.clear();
  }

  // Login.

  /**
   * Marks a login for the commit. One as another owner begins a session of its own, with what the login keeps of the
   * present one, and ends that with it.
   */
  requestLogin(login: PendingLogin): void {
    const { pending } = this.#epoch;
    pending.begunLogin = null;
    if (login.timeout !== null) pending.timeout = null;
    if (this.#isOfAnother(login)) this.#switchAccount(login);
    this.#epoch.pending.login = login;
    this.beginAgain();
  }

  /** Returns whether the session is stored as another owner's. */
  #isOfAnother({ owner }: PendingLogin): boolean {
    const present = this.record?.meta.owner ?? null;
    return present !== null && present !== owner;
  }

  #switchAccount(login: PendingLogin): void {
    const kept = this.#readKept(login);
    const left = this.#epoch;
    // What cannot be read is no other owner's session any longer.
    if (left.record === null) return;
    this.#replaceEpoch('left', left);
    this.#epoch.fields.takeFields(left.fields, kept);
    Object.assign(this.#epoch.pending, { login, timeout: left.pending.timeout });
    this.#switchedFrom = left;
  }

  /** Reads the fields that a login keeps of another owner's session, and returns their names. */
  #readKept({ keep }: PendingLogin): string[] {
    const names = (keep === true ? this.#epoch.fields.keys() : keep).map(fieldName);
    for (const name of names) {
      this.read(name);
      this.#epoch.fields.markInPlaceChange(name);
    }
    return names;
  }

  /** Marks the first factor of a login for the commit. */
  requestBegunLogin(begunLogin: BegunLogin): void {
    const { pending } = this.#epoch;
    pending.begunLogin = begunLogin;
    pending.rotation = this.record === null ? null : 'immediate';
    this.beginAgain();
  }

  /** Makes a lost session usable again, for a login: it may follow another login that has taken the session over. */
  beginAgain(): void {
    if (this.#phase === 'lost') this.#phase = 'ready';
  }

  /**
   * Turns a login into an account switch where the session has become another owner's since it was asked for: the login
   * must not take that session over.
   */
  separateOwners(): void {
    const { login } = this.#epoch.pending;
    if (login !== null && this.#isOfAnother(login)) this.#switchAccount(login);
  }

  /** Records that the store has refused a login: the client keeps the session that it had. */
  loginRefused(epoch: Epoch): void {
    epoch.pending.login = null;
    if (this.#switchedFrom === null || epoch !== this.#epoch) return;
    epoch.close('left');
    this.#epoch = this.#switchedFrom;
    this.#epoch.reopen();
    this.#switchedFrom = null;
    this.#isNew = false;
  }

  /** Ends at this commit the session that a login as another owner leaves, once the login is stored. */
  endSwitchedSession(): void {
    this.#pendEndOf(this.#switchedFrom?.record ?? null, 'account-switch');
    this.#switchedFrom = null;
  }

  // The response.

  /** Begins the final commit: the client may not see what was acknowledged before. */
  startFinalCommit(): void {
    this.#headLeaving = true;
    this.clientCookie.dropAcknowledgement();
  }

  /** Records that the store has acknowledged an id that the client may have. */
  acknowledge(epoch: Epoch): void {
    if (epoch === this.#epoch) this.clientCookie.acknowledge(epoch.record!.id);
  }

  markCommitFailed(): void {
    this.#commitFailed = true;
  }

  markHeadersWritten(): void {
    this.#headersWritten = true;
  }

  /** Looks for changes that nothing has saved when the response is complete. */
  #armLateCheck(): void {
    if (this.#lateCheckArmed) return;
    this.#lateCheckArmed = true;
    const check = (): void => {
      this.#lateCheckArmed = false;
      void this.queue.run(() => this.#discardLateChanges());
    };
    if (this.exchange.onClose === undefined) setImmediate(check);
    else this.exchange.onClose(check);
  }

  #discardLateChanges(): void {
    if (this.#phase !== 'ready') return;
    const { fields, record, asks } = this.#epoch;
    if (record === null ? fields.changed : asks) this.discardChanges('late');
  }

  /** Looks for changes that nothing has saved when the response has been sent without a commit. */
  #armBypassCheck(): void {
    if (this.#bypassCheckArmed || this.#headLeaving) return;
    this.#bypassCheckArmed = true;
    this.exchange.onBypass!(() => {
      if (!this.#headLeaving) void this.queue.run(() => this.#discardBypassed());
    });
  }

  #discardBypassed(): void {
    if (this.#headLeaving) return;
    for (const { key } of this.#pendingEnds?.splice(0) ?? []) {
      this.context.events.emit('discarded', { handle: key.handle, reason: 'late' });
    }
    if (this.#phase === 'ready' && this.#epoch.asks) this.discardChanges('late');
  }

  #newEpoch(): Epoch {
    return new Epoch(this.context.config.serializer, this);
  }

  /** @param carry the epoch whose written fields go over into the next one */
  #replaceEpoch(why: EpochEnd, carry?: Epoch): void {
    this.#epoch.close(why);
    this.#epoch = this.#newEpoch();
    if (carry !== undefined) this.#epoch.fields.takeWritten(carry.fields);
    this.clientCookie.dropAcknowledgement();
    this.#isNew = true;
  }

  #pendEndOf(record: BoundRecord | null, reason: EndReason): void {
    if (record === null) return;
    const { key, meta, fromClient } = record;
    this.#pendEnd({ key, owner: meta.owner, reason, deletesCookie: fromClient });
  }

  #pendEnd(end: PendingEnd): void {
    (this.#pendingEnds ??= []).push(end);
  }

  #setInitialData(epoch: Epoch): void {
    const { initialData } = this.context.config;
    if (initialData === null) return;
    try {
      for (const [key, value] of Object.entries(initialData(this.exchange.request))) {
        const name = fieldName(key);
        if (!epoch.fields.has(name)) epoch.fields.setInitial(name, value);
      }
    } catch (error) {
      epoch.retryInitialData();
      throw error;
    }
  }
}

function headersSent(what: string): SessionError {
  return new SessionError(
    'ERR_SESSION_HEADERS_SENT',
    `${what} because the response's headers have left: do it before the response, or call \`await session.save()\` before the first write`,
  );
}
