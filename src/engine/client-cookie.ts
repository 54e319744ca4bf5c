import type { CookieVariant } from '../cookie/set-cookie.ts';
import type { BoundRecord } from './epoch.ts';
import type { CookieConfig } from './config.ts';

/** Why a cookie that is always `Secure` may not be used: plain HTTP, or HTTPS according to a proxy that is not trusted. */
export type Insecurity = 'secure-over-http' | 'untrusted-proxy';

/** What the store has acknowledged in the final commit, so that the response may pass it on to the client. */
export interface CookieEvidence {
  /** The id that the cookie may carry; `null` for none. */
  readonly id: string | null;
  /** Whether the session of the client's cookie has ended. */
  readonly ended: boolean;
}

/** The client's cookie or token: the one that the request came with, and what the store has acknowledged since. */
export class ClientCookie {
  #presentedId: string | null = null;
  #signedByOldSecret = false;
  #outdatedVariant: CookieVariant | null = null;
  #acknowledgedId: string | null = null;
  #sessionEnded = false;
  #written = false;
  #insecurity: Insecurity | null = null;
  #insecurityReported = false;
  #renewalRequested = false;

  /** The id of the cookie or token that opened the session; `null` when none did. */
  get presentedId(): string | null {
    return this.#presentedId;
  }

  /** True when an older secret has signed it. */
  get signedByOldSecret(): boolean {
    return this.#signedByOldSecret;
  }

  /** The cookie of another path, domain or partition that the client still has from earlier attributes. */
  get outdatedVariant(): CookieVariant | null {
    return this.#outdatedVariant;
  }

  /** True when the response's head has a cookie or token of the session. */
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

  /** Records the cookie that opens the session. */
  present(id: string, signedByOldSecret: boolean): void {
    this.#presentedId = id;
    this.#signedByOldSecret = signedByOldSecret;
  }

  /** Records that the connection forbids the cookie. */
  forbid(insecurity: Insecurity): void {
    this.#insecurity = insecurity;
  }

  /** True when the client is to have the cookie again, although nothing about it has changed. */
  get renewalRequested(): boolean {
    return this.#renewalRequested;
  }

  /** Sends the cookie of a stored session again, when the final commit has the store's acknowledgement. */
  requestRenewal(): void {
    this.#renewalRequested = true;
  }

  /** Returns true once, when the connection forbids the cookie: the caller reports it. */
  startInsecurityReport(): boolean {
    if (this.#insecurity === null || this.#insecurityReported) return false;
    this.#insecurityReported = true;
    return true;
  }

  /** Compares the attributes that the cookie was last sent with, which the record remembers, with the configured ones. */
  compareAttributes({ template, attributes }: CookieConfig, { meta }: BoundRecord): void {
    const earlier = meta.cookie.attributes;
    if (earlier !== attributes) this.#outdatedVariant = template.outdatedVariant(earlier);
  }

  /** Records that the store has acknowledged an id that the client may have. */
  acknowledge(id: string): void {
    this.#acknowledgedId = id;
  }

  /** Drops an id that was acknowledged before the final commit, or for another session. */
  dropAcknowledgement(): void {
    this.#acknowledgedId = null;
  }

  /** Records that the store has acknowledged the end of the session that the client's cookie opens. */
  acknowledgeEnd(): void {
    this.#sessionEnded = true;
  }

  markWritten(): void {
    this.#written = true;
  }
}
