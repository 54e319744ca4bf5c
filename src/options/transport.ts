import type { SessionConfig } from '../engine/config.ts';
import { checkOneOf, expected } from '../internal/validate.ts';
import type { SessionOptions } from './options.ts';

/** A header's name (RFC 9110 section 5.1). */
export const HEADER_NAME: RegExp = /^[\w!#$%&'*+.^`|~-]+$/;

/** The default of `tokenHeader`. */
export const DEFAULT_TOKEN_HEADER = 'x-session-token';

/** Headers of a response that have a meaning of their own. */
const RESERVED =
  /^(?:age|allow|cache-control|clear-site-data|connection|content-.+|cookie|date|etag|expires|keep-alive|last-modified|location|server|set-cookie|strict-transport-security|surrogate-control|te|trailer|transfer-encoding|upgrade|vary|www-authenticate)$/;

const VARY = { cookie: ['Cookie'], header: ['Authorization'], both: ['Authorization', 'Cookie'] } as const;

/** Checks how clients bring their sessions, and in which header they get them. */
export function normalizeTransport({
  transport = 'cookie',
  tokenHeader,
}: SessionOptions): Pick<SessionConfig, 'transport' | 'tokenHeader' | 'vary'> {
  checkOneOf('transport', transport, ['cookie', 'header', 'both']);
  if (tokenHeader !== undefined) {
    const what = 'the name of a response header that has no other meaning, such as x-session-token';
    if (typeof tokenHeader !== 'string' || !HEADER_NAME.test(tokenHeader) || RESERVED.test(tokenHeader.toLowerCase())) {
      throw expected('tokenHeader', what, tokenHeader);
    }
    if (transport === 'cookie') {
      const next = "Set `transport` to 'header' or 'both', or leave `tokenHeader` out";
      throw expected('tokenHeader', "undefined with `transport: 'cookie'`", tokenHeader, next);
    }
  }
  return {
    transport,
    tokenHeader: (tokenHeader ?? DEFAULT_TOKEN_HEADER).toLowerCase(),
    vary: VARY[transport],
  };
}
