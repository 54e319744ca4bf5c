import { copyString, RecentMap } from '../internal/recent-map.ts';
import type { RecordKey } from '../stores/store.ts';
import type { Keyring } from './keyring.ts';
import { keyOf, splitCookieValue } from './session-id.ts';

/** A cookie that we signed. */
export interface VerifiedCookie {
  readonly id: string;
  readonly key: RecordKey;
  /** The index of the secret that signed it. */
  readonly secret: number;
}

/** Cookies that are remembered. */
const REMEMBERED = 5_000;

/**
 * Recognises the cookies that we signed. It remembers those that it has verified, because a browser
 * sends the same one again and again, and signature and handle are most of what a read has to compute.
 * The time of the lookup in a `Map` reveals only whether a whole cookie was right.
 */
export class CookieVerifier {
  readonly #keyring: Keyring;
  readonly #recent = new RecentMap<VerifiedCookie>(REMEMBERED);

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  /** Returns the cookie, or why it is not one of ours. */
  verify(value: string): VerifiedCookie | 'malformed' | 'signature' {
    const known = this.#recent.get(value);
    if (known !== undefined) return known;
    const cookie = this.#check(value);
    if (typeof cookie === 'object') this.#recent.set(value, cookie);
    return cookie;
  }

  #check(value: string): VerifiedCookie | 'malformed' | 'signature' {
    const split = splitCookieValue(value);
    if (split === null) return 'malformed';
    const secret = this.#keyring.verify(split.id, split.signature);
    if (secret < 0) return 'signature';
    const id = copyString(split.id);
    return { id, key: keyOf(id), secret };
  }
}
