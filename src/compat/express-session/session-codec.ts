import type { RecordKey, RecordMeta, Stored } from '../../stores/store.ts';
import type { RecordCodec } from '../express-store/record-codec.ts';
import { anonymousMeta } from './anonymous-record.ts';
import { Cookie, COOKIE_FIELD, type CookieAttributes } from './cookie.ts';
import type { RequestIds } from './request-ids.ts';
import { toJson } from './serializer.ts';
import { setFields, storedCookie, storedFields } from './stored-fields.ts';
import { timeoutOf } from './timeout.ts';

/** What the codec of a request has to know. */
export interface CodecParts {
  /** The session ids of the request. */
  readonly ids: RequestIds;
  /** Seconds that a session of the browser's session lives. */
  readonly ttl: number;
  /** The configured attributes, as the engine compares them: so that the cookie is not sent again for them. */
  readonly cookieAttributes: () => string;
  /** When the session that the request is about to store expires; `null` where nothing is known. */
  readonly expires: () => Date | null;
}

/**
 * Sessions as express-session writes them, by their ids: what it has stored goes on, and it can read what is stored
 * here. The metadata of a record is not kept.
 */
export class SessionCodec implements RecordCodec {
  readonly keepsMeta = false;
  readonly namesMayBeTaken = false;
  readonly #parts: CodecParts;

  constructor(parts: CodecParts) {
    this.#parts = parts;
  }

  nameOf(key: RecordKey): string {
    return this.#parts.ids.sidOfHandle(key.handle);
  }

  encode({ fields }: { readonly fields: Readonly<Record<string, Stored>> }, now: number): object {
    const session: Record<string, unknown> = {};
    const cookie = new Cookie(storedCookie(fields));
    const { originalMaxAge } = cookie;
    if (originalMaxAge !== null) {
      cookie.expires = this.#parts.expires() ?? new Date(now + originalMaxAge);
      cookie.originalMaxAge = originalMaxAge;
    }
    session['cookie'] = cookie;
    setFields(session, fields);
    return session;
  }

  decode(session: Readonly<Record<string, unknown>>, now: number): ReturnType<RecordCodec['decode']> {
    const fields = Object.create(null) as Record<string, Stored>;
    for (const [name, text] of storedFields(session)) fields[name] = text;
    const stored = JSON.parse(toJson(session[COOKIE_FIELD]) ?? '{}') as CookieAttributes;
    const { expires: _, ...attributes } = stored;
    fields[COOKIE_FIELD] = toJson(attributes)!;
    return { meta: this.#metaOf(attributes, now), lastSeen: now, fields };
  }

  #metaOf({ originalMaxAge }: CookieAttributes, now: number): RecordMeta {
    return anonymousMeta({
      createdAt: now,
      timeout: { seconds: timeoutOf(originalMaxAge ?? null, this.#parts.ttl), adjusted: true },
      cookie: { sentAt: now, attributes: this.#parts.cookieAttributes() },
    });
  }
}
