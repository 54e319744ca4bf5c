import type { CookieConfig } from '../engine/config.ts';
import type { Exchange } from '../exchange.ts';
import { RecentMap } from '../internal/recent-map.ts';
import { expected, isObject, isThenable } from '../internal/validate.ts';
import { applicationExchange } from './application-exchange.ts';
import { normalizeCookie } from './cookie.ts';
import type { CookieOptions } from './options.ts';

/** More than the tenants of one process that are visited at the same time. */
const MAX_KNOWN = 1000;

/**
 * Returns a function that asks the `cookie` option's function for each request, and checks what it returns. Results that
 * were checked lately are recognised by what they contain.
 */
export function cookieByRequest(choose: (exchange: Exchange) => CookieOptions): (exchange: Exchange) => CookieConfig {
  const known = new RecentMap<CookieConfig>(MAX_KNOWN);
  return (exchange) => {
    const options = choose(applicationExchange(exchange));
    if (!isObject(options) || isThenable(options)) {
      throw expected('cookie', 'a function that returns an object of cookie options', options, ADVICE);
    }
    const name = contentOf(options);
    let config = name === null ? undefined : known.get(name);
    if (config !== undefined) return config;
    config = normalizeCookie(options);
    if (name !== null) known.set(name, config);
    return config;
  };
}

const ADVICE = 'It is called for each request, and has to return them at once';

/** Returns a text that only options with the same content have; `null` where a value is none that an option can have. */
function contentOf(options: CookieOptions): string | null {
  let text = '';
  for (const name in options) {
    const value: unknown = options[name as keyof CookieOptions];
    if (value === undefined) continue;
    if (value !== null && typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      return null;
    text += `${name}=${typeof value === 'string' ? JSON.stringify(value) : String(value)};`;
  }
  return text;
}
