import type { FoundRecord, Tombstone, RecordDetails, RecordMeta, Stored, CorruptRecord } from '../store.ts';
import type { Reply } from './driver.ts';

/** Field of a record that holds its metadata; see `lua/_record.lua` for the format. */
const META = '@';
const LAST_SEEN = '@s';
const TRACE = '@r';

/** Is this field the store's own, and no data? */
export function isOwnField(name: string): boolean {
  return name === META || name === LAST_SEEN || name === TRACE;
}

// As many digits as dates and `MAX_SECONDS` have: beyond them arithmetic is not exact, here and in Lua.
const META_FORMAT = /^1:(\d{1,15}):([1-9]\d{0,9}):(\d{1,15}):(\d{1,15}):(.*)$/s;
const LAST_SEEN_FORMAT = /^\d{1,12}$/;
const TRACE_FORMAT = /^([\w-]*):(\d{1,15}):([\w-]*)$/;

/** The strings of {@link RecordDetails} as a compact JSON array; absent ones are 0, and indexKeys stand last where there are any. */
export function formatDetails(details: RecordDetails): string {
  const { owner, method, address, agent, indexKeys } = details;
  const parts: unknown[] = [owner ?? 0, method ?? 0, address ?? 0, agent ?? 0];
  if (indexKeys.length > 0) parts.push(indexKeys);
  return JSON.stringify(parts);
}

/** `undefined` when the text is not metadata of a version that is known here. */
export function parseMeta(text: string): RecordMeta | undefined {
  const match = META_FORMAT.exec(text);
  if (match === null) return undefined;
  const details = parseDetails(match[5]!);
  if (details === undefined) return undefined;
  return {
    createdAt: Number(match[1]),
    timeout: Number(match[2]),
    expiresAt: Number(match[3]),
    authenticatedAt: Number(match[4]),
    ...details,
  };
}

/** Milliseconds; `undefined` when it is no time. */
export function parseLastSeen(stored: Stored): number | undefined {
  const text = textOf(stored);
  return LAST_SEEN_FORMAT.test(text) ? Number(text) * 1000 : undefined;
}

function parseDetails(text: string): RecordDetails | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length < 4) return undefined;
  const [owner, method, address, agent] = parts.map((part) => (typeof part === 'string' ? part : null));
  const indexKeys = Array.isArray(parts[4]) ? parts[4].filter((indexKey) => typeof indexKey === 'string') : [];
  return { owner: owner!, method: method!, address: address!, agent: agent!, indexKeys };
}

export function textOf(value: Stored): string {
  return typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.length).toString();
}

/** Reads what HGETALL gave; `undefined` for an absent key. */
export function parseRecord(
  fields: Record<string, Stored>,
  now: number,
): FoundRecord | Tombstone | CorruptRecord | undefined {
  if (Object.hasOwn(fields, META)) {
    const text = textOf(fields[META]!);
    const meta = parseMeta(text);
    const lastSeen = parseLastSeen(Object.hasOwn(fields, LAST_SEEN) ? fields[LAST_SEEN]! : '');
    if (meta === undefined || lastSeen === undefined) {
      return { status: 'corrupt', reason: text.startsWith('1:') ? 'unparsable' : 'unknown-version' };
    }
    return { status: 'found', meta, lastSeen, fields };
  }
  if (Object.hasOwn(fields, TRACE)) return parseTrace(textOf(fields[TRACE]!), now);
  for (const name in fields) {
    if (Object.hasOwn(fields, name)) return { status: 'corrupt', reason: 'unknown-version' };
  }
  return undefined;
}

function parseTrace(text: string, now: number): Tombstone | CorruptRecord {
  const match = TRACE_FORMAT.exec(text);
  if (match === null) return { status: 'corrupt', reason: 'unparsable' };
  return { status: 'tombstone', nonce: match[1]!, graceUntil: Number(match[2]), now, successor: match[3]! };
}

/** Turns the rest of a script's reply, alternating names and values, into an object. */
export function fieldsFrom(reply: readonly Reply[], start: number): Record<string, Stored> {
  const fields: Record<string, Stored> = Object.create(null);
  for (let i = start; i + 1 < reply.length; i += 2) fields[textOf(reply[i] as Stored)] = reply[i + 1] as Stored;
  return fields;
}
