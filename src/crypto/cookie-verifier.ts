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
  #current = new Map<string, VerifiedCookie>();
  #previous = new Map<string, VerifiedCookie>();

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  /** Returns the cookie, or why it is not one of ours. */
  verify(value: string): VerifiedCookie | 'malformed' | 'signature' {
    const known = this.#current.get(value);
    if (known !== undefined) return known;
    const cookie = this.#previous.get(value) ?? this.#check(value);
    if (typeof cookie === 'object') this.#remember(copyString(value), cookie);
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

  #remember(text: string, cookie: VerifiedCookie): void {
    if (this.#current.size === REMEMBERED) {
      this.#previous = this.#current;
      this.#current = new Map();
    }
    this.#current.set(text, cookie);
  }
}

/** Returns a copy, which does not keep the header in memory that the text was cut out of. */
function copyString(text: string): string {
  return Buffer.from(text).toString();
}
