import type { Exchange } from '../exchange.ts';
import { SerialQueue } from '../internal/serial-queue.ts';
import { ClientCookie } from './client-cookie.ts';
import type { CookieConfig } from './config.ts';
import type { SessionContext } from './context.ts';
import { isCookieWithheldBySite, isPrefetchRequest } from './request-kind.ts';
import { RequestStore } from './request-store.ts';
import { requestToken, type RequestToken } from './transport.ts';

/** One request that may have a session, and how far its response is. Only its methods change it. */
export abstract class RequestState {
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
  #bypassCache = false;
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
  }

  // The request.

  /** The settings of the cookie, for this request. */
  get cookie(): CookieConfig {
    if (this.#cookie !== null) return this.#cookie;
    const { cookie } = this.context.config;
    return (this.#cookie = typeof cookie === 'function' ? cookie(this.exchange) : cookie);
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

  get bypassCache(): boolean {
    return this.#bypassCache;
  }

  readPastCache(): void {
    this.#bypassCache = true;
  }

  // The response.

  /** True when the request used the session, so that its response depends on the cookie. */
  get accessed(): boolean {
    return this.#accessed;
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
    if (this.#headLeaving) this.reportLateRead();
  }

  requestClearSiteData(): void {
    this.#clearSiteData = true;
  }

  /** Begins the final commit: the client may not see what was acknowledged before. */
  startFinalCommit(): void {
    this.#headLeaving = true;
    this.clientCookie.dropAcknowledgement();
  }

  markCommitFailed(): void {
    this.#commitFailed = true;
  }

  markHeadersWritten(): void {
    this.#headersWritten = true;
  }

  /** Looks for changes that nothing has saved when the response is complete. */
  armLateCheck(): void {
    if (this.#lateCheckArmed) return;
    this.#lateCheckArmed = true;
    const check = (): void => {
      this.#lateCheckArmed = false;
      void this.queue.run(() => this.discardLateChanges());
    };
    if (this.exchange.onClose === undefined) setImmediate(check);
    else this.exchange.onClose(check);
  }

  /** Looks for changes that nothing has saved when the response has been sent without a commit. */
  armBypassCheck(): void {
    if (this.exchange.onBypass === undefined || this.#bypassCheckArmed || this.#headLeaving) return;
    this.#bypassCheckArmed = true;
    this.exchange.onBypass(() => {
      if (!this.#headLeaving) void this.queue.run(() => this.discardBypassed());
    });
  }

  /** Reports that the session was first used when the response could no longer depend on the cookie. */
  protected abstract reportLateRead(): void;

  /** Discards what was changed after the head had left, and is not saved. */
  protected abstract discardLateChanges(): void;

  /** Discards everything that waits for a commit which does not come. */
  protected abstract discardBypassed(): void;
}
