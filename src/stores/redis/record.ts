import { RecentMap } from '../../internal/recent-map.ts';
import { wellFormedDetails } from '../details.ts';
import { lengthOfHash } from './hash.ts';
import type {
  CookieState,
  CorruptRecord,
  EndedRecord,
  ExplainedReason,
  FoundRecord,
  IdleTimeout,
  LoginChange,
  RecordDetails,
  RecordMeta,
  Stored,
  Tombstone,
} from '../store.ts';

/** Field of a record that holds its metadata; see `lua/_metadata.lua` for the format. */
const META = '@';
const LAST_SEEN = '@s';
const SPARED = '@v';
const TOMBSTONE = '@r';
const ENDED = '@e';
/** Of a tombstone whose id was used again, as the audit trail says. */
const REUSED = '@a';

/** Returns whether a field is the store's own, and no data. */
export function isOwnField(name: string): boolean {
  return [META, LAST_SEEN, SPARED, TOMBSTONE, ENDED, REUSED].includes(name);
}

// As many digits as dates and `MAX_SECONDS` have: beyond them arithmetic is not exact, here and in Lua.
const META_FORMAT =
  /^1:(\d{1,15}):([1-9]\d{0,9})(a?):(\d{1,15})(a?):(\d{1,15}):(\d{1,12})([pb]?):([\w.~-]*)(\??):([\w,-]*):(.*)$/s;
const LAST_SEEN_FORMAT = /^\d{1,12}$/;
const TOMBSTONE_FORMAT = /^([\w-]*):(\d{1,15}):([\w-]*):([01])$/;

const ENDED_FORMAT = /^(logout|revoked|evicted|expired|authentication-changed|id-reuse):(\d{1,15})$/;

const COOKIE_ATTRIBUTES = /^[\w.~-]*$/;
const INDEX_KEY = /^[\w-]+$/;

/** Returns the strings of {@link RecordDetails} as a compact JSON array; absent ones are 0. */
export function formatDetails(details: RecordDetails): string {
  const { owner, method, address, agent } = wellFormedDetails(details);
  return JSON.stringify([owner ?? 0, method ?? 0, address ?? 0, agent ?? 0]);
}

/** @throws {TypeError} for index keys that would break the metadata */
export function formatIndexKeys(indexKeys: readonly string[]): string {
  for (const indexKey of indexKeys) {
    if (!INDEX_KEY.test(indexKey)) throw new TypeError('Expected `indexKeys` to be base64url words');
  }
  return indexKeys.join(',');
}

/** @throws {TypeError} for attributes that would break the metadata */
export function formatCookie(attributes: string | null): string {
  if (attributes === null) return '';
  if (!COOKIE_ATTRIBUTES.test(attributes)) {
    throw new TypeError('Expected `cookieAttributes` to be a word of URL-safe characters');
  }
  return `=${attributes}`;
}

/** Returns what a record begins its life with, or goes on with after a login; see `begin_life` in `lua/_record.lua`. */
export function formatLife(absoluteTimeout: number | null, login: LoginChange | null): string {
  const expiry = absoluteTimeout === null ? '' : `${absoluteTimeout}${login?.ownExpiry ? 'a' : ''}`;
  const remember = login?.remember ?? null;
  return expiry + (remember === null ? '' : remember ? 'p' : 'b');
}

export function formatTimeout(timeout: IdleTimeout | null): string {
  return timeout === null ? '' : `${timeout.seconds}${timeout.adjusted ? 'a' : ''}`;
}

/** Every read of a session includes its metadata, which seldom changes. */
const recentMetas = new RecentMap<RecordMeta>(5_000);

/** Reads metadata; `undefined` when the text is not metadata of a version that is known here. */
export function parseMeta(text: string): RecordMeta | undefined {
  const known = recentMetas.get(text);
  if (known !== undefined) return known;
  const meta = parseNewMeta(text);
  if (meta !== undefined) recentMetas.set(text, meta);
  return meta;
}

function parseNewMeta(text: string): RecordMeta | undefined {
  const match = META_FORMAT.exec(text);
  if (match === null) return undefined;
  const details = parseDetails(match[12]!);
  if (details === undefined) return undefined;
  const cookie: CookieState = {
    sentAt: Number(match[7]) * 1000,
    attributes: match[9]!,
    confirmed: match[10] === '',
  };
  return {
    ...details,
    indexKeys: match[11] === '' ? [] : match[11]!.split(','),
    createdAt: Number(match[1]),
    timeout: { seconds: Number(match[2]), adjusted: match[3] === 'a' },
    expiresAt: Number(match[4]),
    ownExpiry: match[5] === 'a',
    authenticatedAt: Number(match[6]),
    cookie,
    remember: match[8] === '' ? null : match[8] === 'p',
  };
}

/** Returns a time of last use, milliseconds; `undefined` when the text is not a time. */
export function parseLastSeen(stored: Stored): number | undefined {
  const text = textOf(stored);
  return LAST_SEEN_FORMAT.test(text) ? Number(text) * 1000 : undefined;
}

function parseDetails(text: string): Omit<RecordDetails, 'indexKeys'> | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length < 4) return undefined;
  const [owner, method, address, agent] = parts.map((part) => (typeof part === 'string' ? part : null));
  return { owner: owner!, method: method!, address: address!, agent: agent! };
}

export function textOf(value: Stored): string {
  return typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.length).toString();
}

/** What a hash holds, without the time at which it was read. */
export type ParsedRecord = Omit<FoundRecord, 'now'> | Omit<Tombstone, 'now'> | Omit<EndedRecord, 'now'> | CorruptRecord;

/** Reads the reply of HGETALL; `undefined` for an absent key. */
export function parseRecord(fields: Readonly<Record<string, Stored>>): ParsedRecord | undefined {
  if (Object.hasOwn(fields, META)) {
    const text = textOf(fields[META]!);
    const meta = parseMeta(text);
    const lastSeen = parseLastSeen(Object.hasOwn(fields, LAST_SEEN) ? fields[LAST_SEEN]! : '');
    if (meta === undefined || lastSeen === undefined) {
      return { status: 'corrupt', reason: text.startsWith('1:') ? 'unparsable' : 'unknown-version' };
    }
    return { status: 'found', meta, lastSeen, fields, fieldsLength: lengthOfHash(fields) };
  }
  if (Object.hasOwn(fields, TOMBSTONE)) return parseTombstone(textOf(fields[TOMBSTONE]!));
  if (Object.hasOwn(fields, ENDED)) return parseEnded(textOf(fields[ENDED]!));
  return Object.keys(fields).length === 0 ? undefined : { status: 'corrupt', reason: 'unknown-version' };
}

function parseEnded(text: string): Omit<EndedRecord, 'now'> | CorruptRecord {
  const match = ENDED_FORMAT.exec(text);
  if (match === null) return { status: 'corrupt', reason: 'unparsable' };
  return { status: 'ended', reason: match[1] as ExplainedReason, at: Number(match[2]) };
}

function parseTombstone(text: string): Omit<Tombstone, 'now'> | CorruptRecord {
  const match = TOMBSTONE_FORMAT.exec(text);
  if (match === null) return { status: 'corrupt', reason: 'unparsable' };
  return {
    status: 'tombstone',
    nonce: match[1]!,
    graceUntil: Number(match[2]),
    successor: match[3]!,
    confirmed: match[4] === '1',
  };
}
