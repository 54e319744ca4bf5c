// Bugs of the limits and the cookie that a login chooses, and of limits that a deployment shortens.
const adopt = 'src/engine/adopt.ts';
const judge = 'src/engine/judge-record.ts';
const due = 'src/engine/due.ts';
const lifetimes = 'src/engine/lifetimes.ts';
const rekey = 'src/engine/rekey.ts';
const state = 'src/engine/state.ts';
const memoryRecord = 'src/stores/memory/memory-record.ts';
const redisArguments = 'src/stores/redis/arguments.ts';
const redisRecord = 'src/stores/redis/record.ts';
const lua = (name) => `src/stores/redis/lua/${name}.lua`;

const KEEP_OR_BEGIN = ': kept === null ? (config.absoluteTimeout ?? 0) : null,';
const COPIED_LIFE =
  '...(login === null ? NO_LIFE : lifeArguments(login.details, login.absoluteTimeout, login)),\n    ...admissionArguments(login),\n    meta,';

export const loginLimitBugs = [
  {
    bug: 'login limits: a cookie that is to end with the browser outlives it where `cookie.maxAge` is set',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        lifetimes,
        'if (remember === false || (remember === null &&',
        'if ((remember === false || remember === null) && (',
      ],
    ],
  },
  {
    bug: 'login limits: a cookie that is to outlive the browser ends with it where `cookie.maxAge` is not set',
    breaks: 'C13',
    on: 'memory',
    change: [
      [lifetimes, '(remember === null && cookieMaxAge === null)', '(remember !== undefined && cookieMaxAge === null)'],
    ],
  },
  {
    bug: 'login limits: a cookie that outlives the browser is sent once, and not again while the session is used',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        due,
        '  if (maxAge === null) return false;',
        '  if (state.cookie.maxAge === null || maxAge === null) return false;',
      ],
    ],
  },
  {
    bug: 'login limits: a login of the same owner forgets that the cookie was to outlive the browser',
    breaks: 'C13',
    on: 'memory',
    change: [[lifetimes, 'login.remember ?? kept?.remember ?? null', 'login.remember']],
  },
  {
    bug: 'login limits: a login of the same owner begins the absolute expiry again',
    breaks: 'C4',
    on: 'memory',
    change: [[lifetimes, KEEP_OR_BEGIN, ': (config.absoluteTimeout ?? 0),']],
  },
  {
    bug: "login limits: a login of the same owner takes the factory's idle timeout",
    breaks: 'C4',
    on: 'memory',
    change: [
      [
        lifetimes,
        'kept === null ? { seconds: config.timeout, adjusted: false } : null;',
        'kept === undefined ? null : { seconds: config.timeout, adjusted: false };',
      ],
    ],
  },
  {
    bug: 'login limits: a login of the same owner drops the index',
    breaks: 'C7',
    on: 'memory',
    change: [
      [
        rekey,
        'login?.indexKeys ?? epoch.record!.meta.indexKeys',
        'login === null ? epoch.record!.meta.indexKeys : (login.indexKeys ?? [])',
      ],
    ],
  },
  {
    bug: 'login limits: an update renews the idle timeout of a session without end, and not its index',
    breaks: 'C7',
    on: 'memory',
    change: [
      [
        'src/engine/update.ts',
        'const renewing = renewIndexKeys(state, epoch);',
        'const renewing = undefined as Promise<void> | undefined;',
      ],
    ],
  },
  {
    bug: 'login limits: a rotation renews the idle timeout of a session without end, and not its index',
    breaks: 'C7',
    on: 'memory',
    change: [
      [rekey, 'login === null ? renewIndexKeys(state, epoch) : undefined', 'undefined as Promise<void> | undefined'],
    ],
  },
  {
    bug: 'login limits: an index is kept under the limits of this process, and the session lives under those of another',
    breaks: 'C7',
    on: 'memory',
    change: [[adopt, 'storedExpiresAt: record.meta.expiresAt', 'storedExpiresAt: meta.expiresAt']],
  },
  {
    bug: 'login limits: a first login keeps the idle timeout that the visitor had',
    breaks: 'C4',
    on: 'memory',
    change: [[lifetimes, 'const kept = isOwners ? meta : null;', 'const kept = meta;']],
  },
  {
    bug: "login limits: another process's limit shortens the absolute expiry of a login",
    breaks: 'C4',
    on: 'memory',
    change: [[judge, 'meta.ownExpiry ? rules.maxAbsoluteTimeout : rules.absoluteTimeout', 'rules.absoluteTimeout']],
  },
  {
    bug: 'login limits: a shortened absolute timeout does not apply to live sessions',
    breaks: 'C4',
    on: 'memory',
    change: [
      [
        judge,
        'Math.min(meta.expiresAt || Infinity, limit)',
        'Math.max(meta.expiresAt || Infinity, Math.min(0, limit))',
      ],
    ],
  },
  {
    bug: 'login limits: a shortened idle timeout does not apply to live sessions',
    breaks: 'C4',
    on: 'memory',
    change: [
      [
        judge,
        'meta.timeout.adjusted ? meta.timeout.seconds : timeout;',
        'meta.timeout.adjusted ? meta.timeout.seconds : Math.max(timeout, meta.timeout.seconds);',
      ],
    ],
  },
  {
    bug: 'login limits: what is past a shortened limit is left in the store',
    breaks: 'C1',
    on: 'memory',
    change: [[adopt, "  if (refusal === 'expired') state.ends.addExpired(record);\n", '']],
  },
  {
    bug: "login limits: a login's idle timeout counts as the factory's, so that another process replaces it",
    breaks: 'C4',
    on: 'memory',
    change: [[lifetimes, '{ seconds: own, adjusted: true }', '{ seconds: own, adjusted: adjusted !== null }']],
  },
  {
    bug: 'login limits: an idle timeout from before a login counts more than that of the login',
    breaks: 'C4',
    on: 'memory',
    change: [[state, '    if (login.timeout !== null) pending.timeout = null;\n', '']],
  },
  {
    bug: 'login limits: a login as another owner keeps all fields, also those it does not name',
    breaks: 'C9',
    on: 'memory',
    change: [
      [state, '(keep === true ? this.#epoch.fields.keys() : keep)', '(keep === null ? [] : this.#epoch.fields.keys())'],
    ],
  },
  {
    bug: 'login limits: a login as another owner keeps none of the fields that it names',
    breaks: 'C2',
    on: 'memory',
    change: [[state, '    this.#epoch.fields.takeFields(left.fields, kept);\n', '    void kept;\n']],
  },
  {
    bug: 'login limits: what a login as another owner keeps is as it was before the request has changed it',
    breaks: 'C2',
    on: 'memory',
    change: [
      [
        state,
        '      this.#epoch.fields.markInPlaceChange(name);\n    }\n    return names;',
        '    }\n    return names;',
      ],
    ],
  },
  {
    bug: 'login limits: memory: a login that keeps the absolute expiry sets the creation time again',
    breaks: 'C4',
    on: 'memory',
    change: [
      [
        memoryRecord,
        'return { ...newLife({ absoluteTimeout: 0, login }, now), createdAt, expiresAt, ownExpiry };',
        'return { ...newLife({ absoluteTimeout: 0, login }, now), expiresAt, ownExpiry, ...(createdAt < 0 && { createdAt }) };',
      ],
    ],
  },
  {
    bug: "login limits: memory: the record does not keep that the absolute expiry is the login's own",
    breaks: 'C4',
    on: 'memory',
    change: [[memoryRecord, 'ownExpiry: login?.ownExpiry ?? false,', 'ownExpiry: login === undefined,']],
  },
  {
    bug: 'login limits: _metadata.lua: a write forgets what the login has said of the cookie',
    breaks: 'C13',
    on: 'redis',
    change: [[lua('_metadata'), 'int(meta.sent) .. meta.remember', 'int(meta.sent)']],
  },
  {
    bug: "login limits: _metadata.lua: a write forgets that the absolute expiry is the login's own",
    breaks: 'C4',
    on: 'redis',
    change: [[lua('_metadata'), 'int(meta.expires) .. meta.own_expiry', 'int(meta.expires)']],
  },
  {
    bug: 'login limits: _record.lua: a login that keeps the absolute expiry takes it away',
    breaks: 'C4',
    on: 'redis',
    change: [
      [
        lua('_record'),
        "  if absolute ~= '' then\n    meta.created",
        "  if absolute == '' then absolute = '0' end\n  if absolute ~= '' then\n    meta.created",
      ],
    ],
  },
  {
    bug: "login limits: record.ts: a persistent cookie is read as one of the browser's session",
    breaks: 'C13',
    on: 'redis',
    change: [[redisRecord, "match[8] === '' ? null : match[8] === 'p'", "match[8] === '' ? null : match[8] === 'q'"]],
  },
  {
    bug: 'login limits: across slots: the copy of a login forgets its limits',
    breaks: 'C4',
    on: 'cluster',
    change: [
      [
        redisArguments,
        COPIED_LIFE,
        COPIED_LIFE.replace(
          'login.absoluteTimeout, login)',
          'login.absoluteTimeout, { ...login, remember: null, ownExpiry: false })',
        ),
      ],
    ],
  },
];
