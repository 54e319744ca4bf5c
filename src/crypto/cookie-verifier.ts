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

/** Cookies in each of the two generations. */
const REMEMBERED = 5_000;

/**
 * Recognises the cookies that we signed. It remembers those that it has verified, because a browser
 * sends the same one again and again, and signature and handle are most of what a read has to compute.
 * The time of the lookup in a `Map` reveals only whether a whole cookie was right.
 */
export class CookieVerifier {
  readonly #keyring: Keyring;
  #younger = new Map<string, VerifiedCookie>();
  #older = new Map<string, VerifiedCookie>();

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  /** The cookie, or why it is none of ours. */
  verify(value: string): VerifiedCookie | 'malformed' | 'signature' {
    const known = this.#younger.get(value);
    if (known !== undefined) return known;
    const cookie = this.#older.get(value) ?? this.#check(value);
    if (typeof cookie === 'object') this.#remember(detached(value), cookie);
    return cookie;
  }

  #check(value: string): VerifiedCookie | 'malformed' | 'signature' {
    const split = splitCookieValue(value);
    if (split === null) return 'malformed';
    const secret = this.#keyring.verify(split.id, split.signature);
    if (secret < 0) return 'signature';
    const id = detached(split.id);
    return { id, key: keyOf(id), secret };
  }

  #remember(text: string, cookie: VerifiedCookie): void {
    if (this.#younger.size === REMEMBERED) {
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(text, cookie);
  }
}

/** What is remembered must not hold on to the header that it was cut out of. */
function detached(text: string): string {
  return Buffer.from(text).toString();
}
