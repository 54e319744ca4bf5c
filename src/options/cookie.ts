import {
  checkBoolean,
  checkNames,
  checkNumber,
  checkOneOf,
  checkString,
  expected,
  MAX_LIFETIME_SECONDS,
  OF_SECONDS,
} from '../internal/validate.ts';
import { FOREIGN_COOKIE_OPTIONS } from './foreign-options.ts';
import type { CookieOptions } from './options.ts';
import { CookieTemplate } from '../cookie/set-cookie.ts';
import type { CookieConfig } from '../engine/config.ts';

export const COOKIE_OPTION_NAMES: readonly string[] = Object.keys({
  name: true,
  maxAge: true,
  path: true,
  domain: true,
  secure: true,
  httpOnly: true,
  sameSite: true,
  partitioned: true,
  priority: true,
  onException: true,
} satisfies Record<keyof CookieOptions, true>);

/** Checks the attributes of the `cookie` option, or what its function has returned, and fills in the defaults. */
export function normalizeCookie(cookie: CookieOptions): CookieConfig {
  checkNames('cookie', cookie, COOKIE_OPTION_NAMES, [], FOREIGN_COOKIE_OPTIONS);
  checkString('cookie.name', cookie.name, 'a cookie name');
  checkNumber('cookie.maxAge', cookie.maxAge, {
    of: OF_SECONDS,
    min: 1,
    max: MAX_LIFETIME_SECONDS,
    orNull: 'null to end with the browser',
  });
  checkString('cookie.path', cookie.path, 'a path such as `/`');
  checkString('cookie.domain', cookie.domain, 'a domain such as example.com', 'null for the host itself');
  if (cookie.secure !== undefined && cookie.secure !== 'auto' && typeof cookie.secure !== 'boolean') {
    throw expected('cookie.secure', "true, false or 'auto'", cookie.secure);
  }
  checkBoolean('cookie.httpOnly', cookie.httpOnly);
  checkOneOf('cookie.sameSite', cookie.sameSite, ['strict', 'lax', 'none']);
  checkBoolean('cookie.partitioned', cookie.partitioned);
  checkOneOf('cookie.priority', cookie.priority, ['low', 'medium', 'high']);
  checkBoolean('cookie.onException', cookie.onException);
  const template = new CookieTemplate({
    name: cookie.name ?? defaultName(cookie),
    path: cookie.path ?? '/',
    domain: cookie.domain ?? null,
    secure: cookie.secure ?? 'auto',
    httpOnly: cookie.httpOnly ?? true,
    sameSite: cookie.sameSite ?? 'lax',
    partitioned: cookie.partitioned ?? false,
    priority: cookie.priority ?? null,
  });
  const maxAge = cookie.maxAge ?? null;
  return {
    template,
    attributes: template.describeAttributes(maxAge),
    maxAge,
    onException: cookie.onException ?? true,
  };
}

/** Returns the name with the strictest prefix that the other attributes allow (ASVS 3.3.1, 3.3.3). */
function defaultName({ secure, path = '/', domain = null }: CookieOptions): string {
  if (secure !== true) return 'session';
  return path === '/' && domain === null ? '__Host-session' : '__Secure-session';
}
