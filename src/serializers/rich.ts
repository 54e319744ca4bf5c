import { parse, stringify } from 'devalue';
import { SessionError } from '../errors.ts';
import { expected } from '../internal/validate.ts';
import { json } from './json.ts';
import { refusal, titleOf } from './refusal.ts';
import { keeperOf } from './rich-values.ts';
import type { Serializer } from './serializer.ts';

/** What begins a stored value of the rich format. JSON does not begin so. */
const MARKER = 'r1.';

/**
 * A serializer that keeps more than JSON: Date, Map, Set, BigInt, RegExp, URL, URLSearchParams, ArrayBuffer and typed
 * arrays, `undefined`, `NaN`, infinities, `-0`, holes, cycles, and which parts of a value are the same object. It
 * refuses the rest, as JSON does. Needs the package `devalue`.
 *
 * A value that JSON keeps exactly is stored as JSON, and all JSON is read: sessions go on when an application changes
 * from JSON to this. After a change back, a session that has a rich value is rejected as corrupt. Nothing that is
 * stored is run as code.
 *
 * @throws {TypeError} for options: it has none; and for a version of `devalue` that is too old
 * @throws The serializer throws a SessionError `ERR_SESSION_SERIALIZE`, as that for JSON does.
 * @example
 * ```ts
 * const factory = createSessionFactory({ secret, redis, serializer: rich() });
 * ```
 */
export function rich(options?: undefined): Serializer {
  if (options !== undefined) {
    throw expected('options', 'absent', options, '`rich()` has none; for other types write a `serializer` of your own');
  }
  refuseOldDevalue();
  return SERIALIZER;
}

/** With old versions, what is stored can change a prototype; and the oldest keep other bytes than those of a typed array. */
function refuseOldDevalue(): void {
  try {
    parse('[["null","__proto__",1],{}]');
  } catch {
    return;
  }
  throw new TypeError('Expected `devalue` to be of version 5.9 or newer. Update it: npm install devalue@latest');
}

const SERIALIZER: Serializer = {
  check(value, field) {
    const keeper = keeperOf(value);
    if (typeof keeper === 'object') throw refused(field, keeper, undefined);
  },

  serialize(value, { field }) {
    const keeper = keeperOf(value);
    if (keeper === 'json') return JSON.stringify(value);
    if (keeper !== 'rich') throw refused(field, keeper, undefined);
    try {
      return MARKER + stringify(value);
    } catch (cause) {
      const loss = { path: '', what: 'has something that is no data', advice: 'Store plain data' };
      throw refused(field, loss, cause);
    }
  },

  deserialize(stored, context) {
    if (typeof stored !== 'string' || !stored.startsWith(MARKER)) return json.deserialize(stored, context);
    try {
      return parse(stored.slice(MARKER.length)) as unknown;
    } catch {
      // The parser's own message quotes what it read.
      const { field } = context;
      throw new SessionError('ERR_SESSION_SERIALIZE', `The stored value of ${titleOf(field)} is not of \`rich()\``);
    }
  },
};

function refused(field: string, loss: Parameters<typeof refusal>[2], cause: unknown): SessionError {
  return refusal(field, 'by `rich()`', loss, 'a `serializer` of your own', cause);
}
