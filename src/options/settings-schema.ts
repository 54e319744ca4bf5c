/** How one setting is read. */
export interface Setting {
  /** The option that it sets, with its object's name: `cookie.maxAge`. */
  readonly option: string;
  /** What it is expected to be, for messages. */
  readonly what: string;
  /** Reads trimmed text, or the text as it came; `undefined` when it cannot. */
  readonly read?: (text: string, raw: string) => unknown;
  /** True when it names, or can name, a callable as `module-specifier#export`. */
  readonly callable: boolean;
  /** What `none` and nothing at all stand for: null, or the absence of the option; a mistake when not given. */
  readonly none?: 'null' | 'absent';
}

export function isNone(text: string): boolean {
  return /^\s*(?:none)?\s*$/i.test(text);
}

// Python's words for booleans, as Pyramid's settings have them.
const TRUE = new Set(['true', 'yes', 'on', '1', 't', 'y']);
const FALSE = new Set(['false', 'no', 'off', '0', 'f', 'n']);

function readBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (TRUE.has(word)) return true;
  return FALSE.has(word) ? false : undefined;
}

function readInteger(text: string): number | undefined {
  return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function readNumber(text: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function readList(text: string): string[] {
  return isNone(text) ? [] : text.split(/[\s,]+/).filter((item) => item !== '');
}

/** `max`, or `min-max`. */
function readPool(text: string): { min: number; max: number } | undefined {
  const sizes = /^(?:(\d{1,9})-)?(\d{1,9})$/.exec(text);
  if (sizes === null) return undefined;
  return { min: Number(sizes[1] ?? 1), max: Number(sizes[2]) };
}

type Read = NonNullable<Setting['read']>;
type None = 'null' | 'absent';

function settingFor(option: string, what: string, read: Read, none?: None): Setting {
  return { option, what, read, callable: false, ...(none && { none }) };
}

function textFor(option: string, none?: None): Setting {
  return settingFor(option, 'text', (_, raw) => (raw === '' ? undefined : raw), none);
}

function wordFor(option: string, none?: None): Setting {
  return settingFor(option, 'a word', (trimmed) => (trimmed === '' ? undefined : trimmed.toLowerCase()), none);
}

function booleanFor(option: string): Setting {
  return settingFor(option, '`true` or `false`', readBoolean);
}

function integerFor(option: string, none?: None): Setting {
  return settingFor(option, 'an integer', readInteger, none);
}

function numberFor(option: string, none?: None): Setting {
  return settingFor(option, 'a number', readNumber, none);
}

function listFor(option: string): Setting {
  return settingFor(option, 'a list with spaces or commas', readList);
}

function callableFor(option: string): Setting {
  return { option, what: CALLABLE, callable: true, none: 'absent' };
}

function callableOrFor(option: string, what: string, read: Read, none?: None): Setting {
  return { ...settingFor(option, `${what}, or ${CALLABLE}`, read, none), callable: true };
}

const CALLABLE = '`module-specifier#export`';

/** Every setting by its name: first those of Websauna, then this library's own. */
export const SETTINGS: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['secret', textFor('secret')],
  ['timeout', integerFor('timeout')],
  ['cookie_name', textFor('cookie.name')],
  ['cookie_max_age', integerFor('cookie.maxAge', 'null')],
  ['cookie_path', textFor('cookie.path')],
  ['cookie_domain', textFor('cookie.domain', 'null')],
  [
    'cookie_secure',
    settingFor('cookie.secure', '`true`, `false` or `auto`', (value) =>
      value.toLowerCase() === 'auto' ? 'auto' : readBoolean(value),
    ),
  ],
  ['cookie_httponly', booleanFor('cookie.httpOnly')],
  ['cookie_on_exception', booleanFor('cookie.onException')],
  ['prefix', textFor('redis.prefix')],
  ['url', textFor('redis.url', 'absent')],
  ['host', textFor('redis.host')],
  ['port', integerFor('redis.port')],
  ['db', integerFor('redis.db')],
  ['password', textFor('redis.password', 'absent')],
  ['socket_timeout', numberFor('redis.socketTimeout', 'absent')],
  ['connection_pool', callableOrFor('redis.pool', '`max` or `min-max`', readPool, 'absent')],
  ['encoding', wordFor('redis.encoding')],
  ['encoding_errors', wordFor('redis.encodingErrors')],
  ['unix_socket_path', textFor('redis.unixSocketPath', 'absent')],
  ['client_callable', callableFor('redis.client')],
  ['serialize', callableFor('serialize')],
  ['deserialize', callableFor('deserialize')],
  ['id_generator', callableFor('idGenerator')],
  [
    'cookieless_headers',
    callableOrFor('cookielessHeaders', 'header names', (value) => (value.includes('#') ? undefined : readList(value))),
  ],
  ['klass', callableFor('sessionClass')],

  ['old_secrets', listFor('oldSecrets')],
  ['absolute_timeout', integerFor('absoluteTimeout', 'null')],
  ['max_timeout', integerFor('maxTimeout', 'null')],
  ['max_absolute_timeout', integerFor('maxAbsoluteTimeout', 'null')],
  ['touch_interval', numberFor('touchInterval')],
  ['rotation_grace', numberFor('rotationGrace')],
  ['transport', wordFor('transport')],
  ['token_header', textFor('tokenHeader')],
  ['cookie_same_site', wordFor('cookie.sameSite')],
  ['cookie_partitioned', booleanFor('cookie.partitioned')],
  ['cookie_priority', wordFor('cookie.priority', 'absent')],
  ['username', textFor('redis.username', 'absent')],
  ['cache', booleanFor('redis.cache')],
  ['publish_ends', booleanFor('redis.publishEnds')],
  ['serializer', callableFor('serializer')],
  ['initial_data', callableFor('initialData')],
  ['schema', callableFor('schema')],
  ['schema_version', integerFor('schemaVersion')],
  ['migrate', callableFor('migrate')],
  ['max_size', integerFor('maxSize', 'null')],
  ['ignore', callableOrFor('ignore', '`false`', (value) => (readBoolean(value) === false ? false : undefined))],
  ['ignore_extensions', listFor('ignore.extensions')],
  ['ignore_except', listFor('ignore.except')],
  ['load', wordFor('load')],
  ['bypass_cache', callableFor('bypassCache')],
  ['on_store_error', wordFor('onStoreError')],
  [
    'trust_proxy',
    settingFor('trustProxy', 'an integer or a boolean', (value) => readInteger(value) ?? readBoolean(value)),
  ],
  ['invalidate_before', callableFor('invalidateBefore')],
  ['max_sessions_per_owner', integerFor('maxSessionsPerOwner', 'null')],
  ['on_session_limit', wordFor('onSessionLimit')],
  ['client_address', wordFor('clientAddress')],
  ['user_agent', wordFor('userAgent')],
  ['on_reuse', wordFor('onReuse')],
  ['explain_ends', integerFor('explainEnds')],
  ['audit', booleanFor('audit')],
  ['audit_max_age', integerFor('audit.maxAge')],
  ['audit_max_entries', integerFor('audit.maxEntries')],
  ['stats', booleanFor('stats')],
  ['stats_keep', integerFor('stats.keep')],
  ['stats_flush_interval', numberFor('stats.flushInterval')],
  ['stats_publish_events', booleanFor('stats.publishEvents')],
  ['migrate_from', callableFor('migrateFrom')],
  ['watch_interval', numberFor('watchInterval')],
]);
