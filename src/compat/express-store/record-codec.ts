import type { RecordKey, RecordMeta, Stored } from '../../stores/store.ts';

/** A record as the adapter works with it. */
export interface AdapterRecord {
  readonly meta: RecordMeta;
  /** Milliseconds. */
  readonly lastSeen: number;
  readonly fields: Readonly<Record<string, Stored>>;
}

/** How records become sessions of express-session, and back. */
export interface RecordCodec {
  /**
   * Whether the metadata of records is kept. Then a touch has to be written, too: `touch` of many stores moves nothing but
   * a time to live, and when a session was last used could not be read again.
   */
  readonly keepsMeta: boolean;
  /**
   * Whether a name can be taken when a record is made. express-session never asks, and some of its stores do not answer
   * for a name that they do not have.
   */
  readonly namesMayBeTaken: boolean;
  /** Returns the name of a record in the store. */
  nameOf(key: RecordKey): string;
  /** Returns what the store is given. @param now milliseconds */
  encode(record: AdapterRecord, now: number): object;
  /** Returns the record of what the store has; `undefined` when it is none. @param now milliseconds */
  decode(session: Readonly<Record<string, unknown>>, now: number): AdapterRecord | undefined;
}

/** The metadata, and the fields as they were serialised, in properties of a session that has nothing else. */
const META = 'meta';
const FIELDS = 'fields';

interface EncodedMeta extends RecordMeta {
  readonly lastSeen: number;
}

/** Keeps everything that a record has, under its handle: other programs have no use for these sessions. */
export const wholeRecords: RecordCodec = {
  keepsMeta: true,
  namesMayBeTaken: true,

  nameOf: ({ handle, ownerHash }) => (ownerHash === null ? handle : `${ownerHash}.${handle}`),

  encode({ meta, lastSeen, fields }, now) {
    const maxAge = Math.max(1, endOf(meta, lastSeen) - now);
    const cookie = { originalMaxAge: maxAge, expires: new Date(now + maxAge), maxAge, httpOnly: true, path: '/' };
    const texts = Object.fromEntries(Object.entries(fields).map(([name, stored]) => [name, toText(stored)]));
    return { cookie, [META]: { ...meta, lastSeen } satisfies EncodedMeta, [FIELDS]: texts };
  },

  decode(session) {
    const { [META]: encoded, [FIELDS]: texts } = session;
    if (!isObject(encoded) || !isObject(texts)) return undefined;
    const { lastSeen, ...meta } = encoded as unknown as EncodedMeta;
    const fields = Object.create(null) as Record<string, Stored>;
    for (const [name, text] of Object.entries(texts)) fields[name] = fromText(text);
    return { meta, lastSeen, fields };
  },
};

/** Returns when a record ends unless it is used before, milliseconds. */
export function endOf({ timeout, expiresAt }: RecordMeta, lastSeen: number): number {
  const idle = lastSeen + timeout.seconds * 1000;
  return expiresAt > 0 ? Math.min(idle, expiresAt) : idle;
}

function toText(stored: Stored): unknown {
  return typeof stored === 'string' ? stored : { bytes: Buffer.from(stored).toString('base64url') };
}

function fromText(text: unknown): Stored {
  if (!isObject(text)) return String(text);
  return new Uint8Array(Buffer.from(String((text as { bytes?: unknown }).bytes), 'base64url'));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
