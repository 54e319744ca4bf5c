/** Every `code` that a {@link SessionError} can carry. */
export type SessionErrorCode =
  | 'ERR_SESSION_CLIENT_MISSING'
  | 'ERR_SESSION_CONFLICT'
  | 'ERR_SESSION_COOKIE_TOO_LARGE'
  | 'ERR_SESSION_COOKIE_WITHHELD'
  | 'ERR_SESSION_CSRF'
  | 'ERR_SESSION_DEGRADED'
  | 'ERR_SESSION_ENDED'
  | 'ERR_SESSION_FULL'
  | 'ERR_SESSION_HEADERS_SENT'
  | 'ERR_SESSION_ID_GENERATOR'
  | 'ERR_SESSION_INVALID_FIELD'
  | 'ERR_SESSION_LOGIN_EXPIRED'
  | 'ERR_SESSION_NOT_FRESH'
  | 'ERR_SESSION_NOT_LOADED'
  | 'ERR_SESSION_PREFETCH'
  | 'ERR_SESSION_SERIALIZE'
  | 'ERR_SESSION_STORE'
  | 'ERR_SESSION_STORE_TIMEOUT'
  | 'ERR_SESSION_STORE_UNAVAILABLE'
  | 'ERR_SESSION_TOO_LARGE'
  | 'ERR_SESSION_UNSUPPORTED';

/** The HTTP status that an error asks for when it is not caught; 500 where none is given. */
const STATUS: Partial<Record<SessionErrorCode, number>> = {
  ERR_SESSION_CONFLICT: 503,
  ERR_SESSION_CSRF: 403,
  ERR_SESSION_DEGRADED: 503,
  ERR_SESSION_ENDED: 409,
  ERR_SESSION_FULL: 409,
  ERR_SESSION_LOGIN_EXPIRED: 403,
  ERR_SESSION_NOT_FRESH: 403,
  ERR_SESSION_PREFETCH: 503,
  ERR_SESSION_STORE: 503,
  ERR_SESSION_STORE_TIMEOUT: 503,
  ERR_SESSION_STORE_UNAVAILABLE: 503,
};

/** What a schema says is wrong with a value (Standard Schema 1). The message may quote the value. */
export interface FieldIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Why a session has ended, for what watches it from afar. */
export type WatchedEndReason =
  | 'logout' // its own request has ended it
  | 'revoked' // the owner, an administrator or a tool
  | 'evicted' // a login beyond the limit, or a full memory store
  | 'expired'
  | 'authentication-changed' // by `invalidateBefore`
  | 'id-reuse' // an id that a rotation had replaced was used, and `onReuse` ends such sessions
  | 'superseded' // its client goes on with the session of a login
  | 'unknown'; // it is not there any longer, and nothing says why

export interface SessionErrorOptions extends ErrorOptions {
  issues?: readonly FieldIssue[];
  reason?: WatchedEndReason;
}

/** Marks the errors of every copy of the package. */
const ERROR: unique symbol = Symbol.for('websauna-session.error');

/**
 * A fault that a correct program can meet: the store is down, the device list is full, a form came
 * from elsewhere. Programmer mistakes are `TypeError`s instead.
 *
 * Messages never contain ids, cookies, tokens or secrets, nor addresses or keys of a store: frameworks send them to
 * clients. `cause` may name the latter.
 *
 * @example
 * ```ts
 * try {
 *   await req.session.save();
 * } catch (error) {
 *   if (error instanceof SessionError && error.code === 'ERR_SESSION_FULL') return showDevices(res);
 *   throw error;
 * }
 * ```
 */
export class SessionError extends Error {
  /** The literal that identifies the fault; stable across versions. */
  readonly code: SessionErrorCode;
  /** The HTTP status to answer with; read by Express and Koa. */
  readonly status: number;
  /** The same, under the name that Fastify and http-errors read. */
  readonly statusCode: number;
  /**
   * With `ERR_SESSION_INVALID_FIELD`: what the schema says. Not enumerable, so that loggers and responses leave it out:
   * the messages of some schemas quote values.
   */
  declare readonly issues?: readonly FieldIssue[];
  /** With `ERR_SESSION_ENDED`: why the session has ended, where it was watched. */
  declare readonly reason?: WatchedEndReason;

  static {
    SessionError.prototype.name = 'SessionError';
    Object.defineProperty(SessionError.prototype, ERROR, { value: true });
  }

  /** Recognises errors of another copy of the package too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== SessionError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && ERROR in value;
  }

  constructor(code: SessionErrorCode, message: string, options: SessionErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.status = STATUS[code] ?? 500;
    this.statusCode = this.status;
    if (options.issues !== undefined) Object.defineProperty(this, 'issues', { value: options.issues });
    if (options.reason !== undefined) this.reason = options.reason;
  }

  /** Returns a response that reveals nothing but the status, for Hono and the Fetch adapter when the error is not caught. */
  getResponse(): Response {
    const text = this.status === 503 ? 'The service is unavailable for a moment\n' : 'The request failed\n';
    return new Response(text, { status: this.status, headers: { 'cache-control': 'no-store' } });
  }
}

/** Returns the error of something that the factory, or its store, does not do. */
export function unsupported(message: string): SessionError {
  return new SessionError('ERR_SESSION_UNSUPPORTED', message);
}
