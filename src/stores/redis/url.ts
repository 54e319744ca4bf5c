/** The parts of a Redis URL; `null` for those that it does not have. */
export interface RedisAddress {
  readonly host: string | null;
  readonly port: number | null;
  readonly db: number | null;
  readonly username: string | null;
  readonly password: string | null;
  readonly unixSocketPath: string | null;
  readonly tls: boolean;
}

const FORMS =
  '`redis.url` to be redis://[user:password@]host[:port][/db], rediss://... or unix://[user:password@]/path[?db=n]';

/**
 * Parses a URL of the forms in the table of options. Messages quote none of it: the password may be anywhere.
 *
 * @throws TypeError for another form, or for parts that would be ignored.
 */
export function parseRedisUrl(url: string): RedisAddress {
  if (/^rediss?:\/\//i.test(url)) return parseTcp(url);
  if (/^unix:\/\//i.test(url)) return parseUnix(url);
  throw refusal('another scheme, or none');
}

function parseTcp(text: string): RedisAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // The error that it throws carries the URL.
    throw refusal('text that is no URL. Percent-encode /, ?, #, @, : and % in user and password');
  }
  if (url.hash !== '') throw refusal('a URL with a #. Percent-encode it (%23) in user and password');
  const path = /^\/?(\d*)$/.exec(url.pathname)?.[1];
  if (path === undefined) throw refusal('a path that is no database number');
  const query = parseQuery(url.search);
  if (path !== '' && query !== null) throw refusal('a URL with two databases');
  return {
    host: url.hostname === '' ? null : url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? null : Number(url.port),
    db: path === '' ? query : Number(path),
    username: decode(url.username),
    password: decode(url.password),
    unixSocketPath: null,
    tls: url.protocol === 'rediss:',
  };
}

// `URL` refuses a user without a host, so this form has a pattern of its own.
const UNIX = /^unix:\/\/(?:([^/:@?#]*)(?::([^/@?#]*))?@)?(\/[^?#]+)(\?[^#]*)?$/i;

function parseUnix(text: string): RedisAddress {
  const match = UNIX.exec(text);
  if (match === null) throw refusal('a unix:// URL without an absolute path. Percent-encode user and password');
  return {
    host: null,
    port: null,
    db: parseQuery(match[4] ?? ''),
    username: decode(match[1] ?? ''),
    password: decode(match[2] ?? ''),
    unixSocketPath: decode(match[3]!),
    tls: false,
  };
}

/** Accepts only `?db=n`: a parameter that is ignored silently would be noticed in production. */
function parseQuery(query: string): number | null {
  if (query === '' || query === '?') return null;
  const db = /^\?db=(\d+)$/.exec(query)?.[1];
  if (db === undefined) throw refusal('a URL with parameters other than db');
  return Number(db);
}

function decode(text: string): string | null {
  if (text === '') return null;
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal('a stray %. Write %25 for a % in user and password');
  }
}

function refusal(got: string): TypeError {
  return new TypeError(`Expected ${FORMS}, got ${got}`);
}
