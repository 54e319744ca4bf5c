import type { CookieVariant } from '../cookie/set-cookie.ts';
import type { BoundRecord } from './epoch.ts';
import type { SessionConfig } from './config.ts';

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

  get evidence(): CookieEvidence {
    return { id: this.#acknowledgedId, ended: this.#sessionEnded };
  }

  /** Takes note of the cookie that opens the session. */
  present(id: string, signedByOldSecret: boolean): void {
    this.#presentedId = id;
    this.#signedByOldSecret = signedByOldSecret;
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
