import type { IncomingMessage } from 'node:http';
import type { Exchange } from '../../exchange.ts';
import type { SessionFactory } from '../../factory.ts';
import { forwardedFor, forwardedProto } from '../../internal/forwarded.ts';
import { checkNames, checkStrings, expected } from '../../internal/validate.ts';
import { classifyOrigin } from '../../session/request-origin.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { AbsentHead } from '../absent-head.ts';

/** Which sockets are accepted. */
export interface SocketSessionOptions<S> {
  /**
   * Who may connect: `true`, the default, for sessions with an owner; `false` for all, also without a session; or a
   * function of the session.
   */
  require?: boolean | ((session: S) => boolean | Promise<boolean>);
  /**
   * Origins, as in `https://app.example.com`, whose pages may connect besides those of the server's own host. Browsers
   * send the cookie with a WebSocket of any page of the same site, and no token.
   */
  trustedOrigins?: readonly string[];
}

/** Why a socket is refused. */
export type SocketRefusal = 'origin' | 'session';

export interface SocketGate<S> {
  readonly require: NonNullable<SocketSessionOptions<S>['require']>;
  readonly trustedOrigins: readonly string[];
}

/**
 * Checks the options.
 * @param others names of options that the caller has beside these
 * @throws {TypeError}
 */
export function normalizeGate<S>(options: SocketSessionOptions<S>, others: readonly string[] = []): SocketGate<S> {
  checkNames('options', options, ['require', 'trustedOrigins', ...others]);
  const { require = true, trustedOrigins = [] } = options;
  if (typeof require !== 'boolean' && typeof require !== 'function') {
    throw expected('options.require', 'true, false or a function of the session', require);
  }
  checkStrings('options.trustedOrigins', trustedOrigins, 'origins such as https://example.com', (origin) =>
    URL.canParse(origin),
  );
  return { require, trustedOrigins };
}

/** Reports, once, that the socket of a handshake is closed. */
export type OnClose = (callback: () => void) => void;

/** The handshake of a socket on `node:http`: a request, with the end of the socket in place of that of a response. */
export class HandshakeExchange implements Exchange {
  readonly request: IncomingMessage;
  readonly onClose: OnClose;
  readonly #hops: number;

  constructor(request: IncomingMessage, hops: number, onClose: OnClose) {
    this.request = request;
    this.onClose = onClose;
    this.#hops = hops;
  }

  get method(): string {
    return this.request.method ?? 'GET';
  }

  get url(): string {
    return this.request.url ?? '/';
  }

  get secure(): boolean {
    const encrypted = (this.request.socket as { encrypted?: boolean }).encrypted === true;
    return forwardedProto(this.header('x-forwarded-proto'), this.#hops, encrypted);
  }

  get clientAddress(): string | null {
    return forwardedFor(this.header('x-forwarded-for'), this.#hops, this.request.socket.remoteAddress ?? null);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}

/**
 * Opens the session of a handshake, and commits what is due of it, such as a touch: nothing can be committed with the
 * response, which is not the application's. Returns why the socket is to be refused, if so.
 */
export async function openHandshake<Data extends object, S extends WebsaunaSession<Data>>(
  factory: SessionFactory<Data, S>,
  exchange: Exchange,
  { require, trustedOrigins }: SocketGate<S>,
): Promise<S | SocketRefusal> {
  if (!isTrusted(exchange, trustedOrigins)) return 'origin';
  const session = await factory.load(exchange);
  await session.load();
  session.markPersonal();
  await factory.commit(session, new AbsentHead());
  if (require === false) return session;
  const accepted = require === true ? session.owner !== null : await require(session);
  return accepted ? session : 'session';
}

/** Programs other than browsers send no `Origin`, and no page makes them send the cookie. */
function isTrusted(exchange: Exchange, trustedOrigins: readonly string[]): boolean {
  const origin = exchange.header('origin');
  if (origin === undefined) return true;
  const { secure } = exchange;
  // With any method that is not safe: a socket can change things although its handshake is a GET.
  const request = { method: 'POST', origin, host: exchange.header('host'), secure, trustedOrigins };
  return classifyOrigin(request) === 'same-origin';
}
