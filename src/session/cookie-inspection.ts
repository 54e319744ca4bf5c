import { diagnoseCookie, findInsecurity } from '../cookie/diagnostics.ts';
import { readCookies } from '../cookie/read.ts';
import { cookieRequestOf } from '../engine/response.ts';
import type { CookieWarningReason } from '../events.ts';
import type { ResponseCookie } from '../exchange.ts';
import { stateOf } from './dict.ts';
import type { WebsaunaSession } from './session.ts';

/** What a cookie of the session's name turned out to be, before the store was asked: signed by us, or why not. */
export type ReceivedCookie = 'signed' | 'malformed' | 'signature';

/** Why a session may not stick to a browser, as far as one request shows it. It has no id, no cookie and no token. */
export interface CookieInspection {
  /** The cookie as the response to this request would set it. */
  readonly cookie: Omit<ResponseCookie, 'value' | 'maxAge'>;
  /** How the request brings its session: by the cookie, or by the `Authorization` header. */
  readonly transport: 'cookie' | 'header';
  /** The cookies of that name in the request, in their order; of a token, what it is. */
  readonly received: readonly ReceivedCookie[];
  /** Whether the request has other cookies: then the browser sends cookies here. */
  readonly hasOtherCookies: boolean;
  /** What speaks against the cookie. */
  readonly problems: readonly CookieWarningReason[];
  /** Whether the client speaks HTTPS, as far as the application trusts its proxies. */
  readonly secure: boolean;
  /** The `Host` header. */
  readonly host: string | null;
  /** The `X-Forwarded-Proto` header. */
  readonly forwardedProto: string | null;
  /** The `Sec-Fetch-Site` header: where the request comes from. */
  readonly fetchSite: string | null;
}

/** Cookies of one name that are looked at. */
const MAX_COOKIES = 8;

/**
 * Returns what a request shows about its session's cookie: whether one came, whether we signed it, and whether its
 * attributes fit the request. For a page that helps to find out why sessions do not stick; the store is not asked.
 *
 * @example
 * ```ts
 * app.get('/debug/cookie', (req, res) => res.json(inspectCookie(req.session)));
 * ```
 */
export function inspectCookie<Data extends object>(session: WebsaunaSession<Data>): CookieInspection {
  const { context, cookie, exchange, token } = stateOf(session);
  const { template } = cookie;
  const request = cookieRequestOf(exchange);
  const header = exchange.header('cookie');
  const values =
    token === null ? (readCookies(header, template.name, MAX_COOKIES) ?? []) : token.value === '' ? [] : [token.value];
  const received = values.map((value): ReceivedCookie => {
    const verified = context.cookies.verify(value);
    return typeof verified === 'object' ? 'signed' : verified;
  });
  const problems = new Set<CookieWarningReason>();
  if (token === null) {
    const insecurity = findInsecurity(template, request);
    if (insecurity !== null) problems.add(insecurity);
    for (const problem of diagnoseCookie(template, request)) problems.add(problem);
    if (received.length > 1) problems.add('several');
  }
  const {
    value: _value,
    maxAge: _maxAge,
    ...attributes
  } = template.describe('', { secure: exchange.secure, maxAge: null });
  return {
    cookie: attributes,
    transport: token === null ? 'cookie' : 'header',
    received,
    hasOtherCookies:
      token === null && (header ?? '').split(';').filter((pair) => pair.trim() !== '').length > received.length,
    problems: [...problems],
    secure: exchange.secure,
    host: exchange.header('host') ?? null,
    forwardedProto: exchange.header('x-forwarded-proto') ?? null,
    fetchSite: exchange.header('sec-fetch-site') ?? null,
  };
}
