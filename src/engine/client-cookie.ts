import type { CookieVariant } from '../cookie/set-cookie.ts';
import type { BoundRecord } from './epoch.ts';
import type { SessionConfig } from './config.ts';

/** Why a cookie that is always `Secure` may not be used: plain HTTP, or HTTPS according to a proxy that is not trusted. */
export type Insecurity = 'secure-over-http' | 'untrusted-proxy';

/** What the store has acknowledged, and the response may tell the client. */
export interface CookieEvidence {
  /** The id that the cookie may carry; `null` for none. */
  readonly id: string | null;
  /** Whether the session of the client's cookie has ended. */
  readonly ended: boolean;
}

/** The client's cookie: what it came with, and what the store has acknowledged since. */
export class ClientCookie {
  #presentedId: string | null = null;
  #signedByOldSecret = false;
  #outdatedVariant: CookieVariant | null = null;
  #acknowledgedId: string | null = null;
  #sessionEnded = false;
  #written = false;
  #insecurity: Insecurity | null = null;
  #insecurityReported = false;

  /** The id of the cookie that opened the session; `null` when none did. */
  get presentedId(): string | null {
    return this.#presentedId;
  }

  /** True when an older secret has signed the cookie. */
  get signedByOldSecret(): boolean {
    return this.#signedByOldSecret;
  }

  /** The cookie of another path, domain or partition that the client still has from attributes of before. */
  get outdatedVariant(): CookieVariant | null {
    return this.#outdatedVariant;
  }

  /** True when the response's head has a cookie of the session. */
  get written(): boolean {
    return this.#written;
  }

  /** Why the connection forbids the cookie; `null` when it does not. */
  get insecurity(): Insecurity | null {
    return this.#insecurity;
  }

  get evidence(): CookieEvidence {
    return { id: this.#acknowledgedId, ended: this.#sessionEnded };
  }

  /** Takes note of the cookie that opens the session. */
  present(id: string, signedByOldSecret: boolean): void {
    this.#presentedId = id;
    this.#signedByOldSecret = signedByOldSecret;
  }

  /** Takes note that the connection forbids the cookie. */
  forbid(insecurity: Insecurity): void {
    this.#insecurity = insecurity;
  }

  /** Returns whether it is still to be reported that the connection forbids the cookie, and that it is from now on. */
  startInsecurityReport(): boolean {
    if (this.#insecurity === null || this.#insecurityReported) return false;
    this.#insecurityReported = true;
    return true;
  }

  /** Compares the attributes that the cookie was sent with, as far as the record knows, with those of now. */
  compareAttributes({ cookie, cookieAttributes }: SessionConfig, { meta }: BoundRecord): void {
    const { attributes } = meta.cookie;
    if (attributes !== cookieAttributes) this.#outdatedVariant = cookie.outdatedVariant(attributes);
  }

  /** The store has acknowledged an id that the client may have. */
  acknowledge(id: string): void {
    this.#acknowledgedId = id;
  }

  /** What was acknowledged before the final commit, or for another session, is no evidence. */
  dropAcknowledgement(): void {
    this.#acknowledgedId = null;
  }

  /** The store has acknowledged that the session of the client's cookie has ended. */
  acknowledgeEnd(): void {
    this.#sessionEnded = true;
  }

  markWritten(): void {
    this.#written = true;
  }
}
