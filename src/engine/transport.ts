import { splitCookieValue } from '../crypto/session-id.ts';
import type { Exchange } from '../exchange.ts';

/** The session token of a request that uses the `Authorization` header and no cookie. */
export interface RequestToken {
  /** Empty where the request has none. */
  readonly value: string;
  /**
   * Whether the client has chosen the header: with a bearer token of our form, or with the scheme `Bearer` alone. A page
   * of another site cannot do so without the application's consent (Fetch section 4.9: CORS-preflight).
   */
  readonly isChosen: boolean;
}

/**
 * Returns the session token of a request; `null` when it uses the cookie. A request uses one of them and never both.
 *
 * Where both are allowed, a bearer token that cannot be ours leaves the request to the cookie. It may be meant for the
 * application itself, or be added to every request by a proxy, and then it is no decision of the client.
 */
export function requestToken(transport: 'header' | 'both', exchange: Exchange): RequestToken | null {
  const value = bearerToken(exchange.header('authorization'));
  const isChosen = value !== null && (value === '' || splitCookieValue(value) !== null);
  if (transport === 'both' && !isChosen) return null;
  return { value: value ?? '', isChosen };
}

/** Returns the token of the scheme `Bearer` (RFC 6750 section 2.1), empty when it is missing; `null` for any other header. */
function bearerToken(authorization: string | undefined): string | null {
  if (authorization === undefined || !/^bearer(?: |$)/i.test(authorization)) return null;
  return authorization.slice('bearer'.length).trim();
}
