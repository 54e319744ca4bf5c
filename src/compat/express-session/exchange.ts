import type { ServerResponse } from 'node:http';
import { isSharedByTarget, isUnshared, makeUnshared } from '../../cookie/cache-control.ts';
import type { ResponseHead } from '../../exchange.ts';
import { isEncrypted } from '../../internal/forwarded.ts';
import { CommittingExchange } from '../../adapters/node/committing-exchange.ts';
import { patchResponsePrototype } from '../../adapters/node/prototype-patch.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import type { SessionRequest } from './request.ts';
import type { Site } from './site.ts';

type Data = Record<string, unknown>;

/** The session of an exchange. */
export interface ExchangeSession {
  /** The cookies of the request in the engine's form; `undefined` for none. */
  readonly engineCookies: string | undefined;
  /** Whether a new session may replace one whose cookie another site's request has come without. */
  readonly mayReplaceOthers: boolean;
  /** Whether the response's head has the session's cookie. */
  readonly cookieWritten: boolean;
  /** Commits what the request has changed, before the head leaves. */
  commit(head: ResponseHead): Promise<void> | undefined;
  finalize(head: ResponseHead): void;
  /** Returns the error that the application is to see. */
  unwrap(error: unknown): unknown;
}

/** One request and its response. The engine sees cookies of its own form: they are translated here, both ways. */
export class SessionExchange extends CommittingExchange<Data, WebsaunaSession<Data>> {
  declare readonly request: SessionRequest;
  readonly #site: Site;
  readonly #session: ExchangeSession;
  readonly #next: (error?: unknown) => void;

  constructor(
    site: Site,
    session: ExchangeSession,
    req: SessionRequest,
    res: ServerResponse,
    next: (error?: unknown) => void,
  ) {
    super(site.factory, req, res, 'session');
    this.#site = site;
    this.#session = session;
    this.#next = next;
  }

  override get secure(): boolean {
    return isSecure(this.request, this.#site.options.proxy);
  }

  override get clientAddress(): string | null {
    return this.request.ip ?? this.request.socket?.remoteAddress ?? null;
  }

  override header(name: string): string | undefined {
    if (name === 'cookie') return this.#session.engineCookies;
    // By this the engine notices a new session that must not replace one whose cookie `SameSite` has withheld.
    if (name === 'sec-fetch-site' && this.#session.mayReplaceOthers) return undefined;
    return super.header(name);
  }

  protected override deferResponse(): void {
    patchResponsePrototype(this.res);
    super.deferResponse();
  }

  override commit(head: ResponseHead): Promise<void> | undefined {
    return this.#session.commit(head);
  }

  /** Takes shared caching back from a response that has the session's cookie: other visitors would get it. */
  override finalize(head: ResponseHead): void {
    this.#session.finalize(head);
    if (this.#session.cookieWritten && isShared(head)) makeUnshared(head);
  }

  fail(error: unknown): void {
    this.#next(this.#session.unwrap(error));
  }
}

/** Returns whether the client speaks HTTPS, as express-session decides it. */
export function isSecure(req: SessionRequest, proxy: boolean | undefined): boolean {
  if (isEncrypted(req)) return true;
  if (proxy === undefined) return req.secure === true;
  if (!proxy) return false;
  const [first = ''] = String(req.headers['x-forwarded-proto'] ?? '').split(',');
  return first.trim().toLowerCase() === 'https';
}

function isShared(head: ResponseHead): boolean {
  if (isSharedByTarget(head)) return true;
  const cacheControl = head.get('cache-control');
  return (cacheControl ?? head.get('expires')) !== undefined && !isUnshared(cacheControl);
}
