import type { ResponseCookie, ResponseHead } from '../../exchange.ts';

/** Writes the cookie of a session as its own attributes have it. */
interface CookieTranslator {
  /** Returns the `Set-Cookie` in place of the engine's; `null` for none. */
  translateCookie(given: string): string | null;
}

/** Writes into a head what the engine writes, and the cookie as the session's own attributes have it. */
export class TranslatedHead implements ResponseHead {
  readonly takesCookies: boolean;
  readonly #head: ResponseHead;
  readonly #session: CookieTranslator;
  #written = false;

  constructor(head: ResponseHead, session: CookieTranslator) {
    this.#head = head;
    this.#session = session;
    this.takesCookies = head.takesCookies ?? true;
  }

  get status(): number {
    return this.#head.status;
  }

  get(name: string): string | undefined {
    return this.#head.get(name);
  }

  set(name: string, value: string): void {
    this.#head.set(name, value);
  }

  appendCookie(value: string, cookie: ResponseCookie): void {
    // The second one is the deletion of a cookie that earlier attributes have made.
    const translated = this.#written ? value : this.#session.translateCookie(value);
    this.#written = true;
    // The head of an Express response takes the text alone, so `cookie` needs no translation.
    if (translated !== null) this.#head.appendCookie(translated, cookie);
  }

  setToken(name: string, value: string): void {
    this.#head.setToken(name, value);
  }
}
