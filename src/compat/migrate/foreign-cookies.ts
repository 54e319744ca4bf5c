import { readCookies } from '../../cookie/read.ts';
import { keyOf, ownerHashOf } from '../../crypto/session-id.ts';
import type { ForeignCookie } from '../../engine/migration.ts';
import { copyString, RecentMap } from '../../internal/recent-map.ts';
import { decodeCookieValue, engineIdOf, hashedIdOf, unsign, type Secret } from '../express-session/session-id.ts';

/** As many as the engine looks up of its own. */
const MAX_COOKIES = 4;
const REMEMBERED = 5_000;
/** Longer cookies are none of a session. */
const MAX_LENGTH = 4096;

/** Recognises the cookies of another library: `<prefix><sid>.<signature>`, as cookie-signature makes them. */
export class ForeignCookies {
  readonly #name: string;
  readonly #prefix: string;
  readonly #secrets: readonly Secret[];
  readonly #recent = new RecentMap<ForeignCookie>(REMEMBERED);

  constructor(name: string, prefix: string, secrets: readonly Secret[]) {
    this.#name = name;
    this.#prefix = prefix;
    this.#secrets = secrets;
  }

  /** Returns the cookies of a header that one of the secrets has signed, in their order. */
  read(header: string | undefined): ForeignCookie[] {
    const found: ForeignCookie[] = [];
    for (const raw of readCookies(header, this.#name, MAX_COOKIES) ?? []) {
      const cookie = raw.length > MAX_LENGTH ? null : this.#verify(decodeCookieValue(raw));
      if (cookie !== null && !found.some(({ sid }) => sid === cookie.sid)) found.push(cookie);
    }
    return found;
  }

  #verify(value: string): ForeignCookie | null {
    if (!value.startsWith(this.#prefix)) return null;
    const known = this.#recent.get(value);
    if (known !== undefined) return known;
    const verified = unsign(value.slice(this.#prefix.length), this.#secrets);
    if (verified === null || verified.value === '') return null;
    const sid = copyString(verified.value);
    const id = copyString(foreignIdOf(sid));
    const cookie: ForeignCookie = { id, key: keyOf(id), secret: 0, sid };
    this.#recent.set(value, cookie);
    return cookie;
  }
}

/**
 * Returns the engine's id for a session id of the other library, as the middleware has it; but one that has the form of an
 * owner's session of ours is none.
 */
export function foreignIdOf(sid: string): string {
  return ownerHashOf(sid) === null ? engineIdOf(sid) : hashedIdOf(sid);
}
