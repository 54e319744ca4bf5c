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
 * Tells cookies that we signed from others. It remembers those that it has verified, because a browser
 * sends the same one again and again, and signature and handle are most of what a read has to compute.
 * How long the look into a `Map` takes tells nobody more than whether a whole cookie was right.
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
    // What is remembered must not hold on to the header that it was cut out of.
    const text = Buffer.from(value).toString();
    const cookie = this.#older.get(text) ?? this.#check(text);
    if (typeof cookie === 'object') this.#remember(text, cookie);
    return cookie;
  }

  #check(text: string): VerifiedCookie | 'malformed' | 'signature' {
    const split = splitCookieValue(text);
    if (split === null) return 'malformed';
    const { id, signature } = split;
    const secret = this.#keyring.verify(id, signature);
    return secret < 0 ? 'signature' : { id, key: keyOf(id), secret };
  }

  #remember(text: string, cookie: VerifiedCookie): void {
    if (this.#younger.size === REMEMBERED) {
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(text, cookie);
  }
}
