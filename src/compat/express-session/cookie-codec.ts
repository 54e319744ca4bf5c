import { readCookies } from '../../cookie/read.ts';
import { DIGEST_LENGTH, Keyring } from '../../crypto/keyring.ts';
import { copyString, RecentMap } from '../../internal/recent-map.ts';
import { decodeCookieValue, engineIdOf, sign, unsign, type Secret } from './session-id.ts';
import type { SessionRequest } from './request.ts';

/** A session id that a request came with. */
export interface PresentedSid {
  readonly sid: string;
  /** The engine's id for it. */
  readonly id: string;
  /** The cookie's value in the engine's form, signed by the key of the same secret. */
  readonly value: string;
}

/** As many as the engine checks. */
const MAX_COOKIES = 8;
const REMEMBERED = 5_000;
/** A cookie of the engine's form that no secret has signed. */
const UNSIGNED = `${'x'.repeat(DIGEST_LENGTH)}.${'A'.repeat(DIGEST_LENGTH)}`;

/** Translates cookies of express-session, `s:<sid>.<signature>`, into those of the engine, and ids back. */
export class CookieCodec {
  readonly #name: string;
  readonly #secrets: readonly Secret[];
  readonly #keyrings: readonly Keyring[];
  readonly #recent = new RecentMap<PresentedSid>(REMEMBERED);

  /** @param engineSecrets those that the factory has for the secrets */
  constructor(name: string, secrets: readonly Secret[], engineSecrets: readonly string[]) {
    this.#name = name;
    this.#secrets = secrets;
    this.#keyrings = engineSecrets.map((secret) => new Keyring([secret]));
  }

  /** Returns the cookies of a request as the engine reads them; `undefined` where it has none of the name. */
  engineCookies(req: SessionRequest, presented: readonly PresentedSid[]): string | undefined {
    if (presented.length > 0) return presented.map(({ value }) => `${this.#name}=${value}`).join('; ');
    // The engine reports what it is not signed by, and warns of it.
    const isForged = readCookies(req.headers.cookie, this.#name, 1) !== undefined;
    return isForged ? `${this.#name}=${UNSIGNED}` : undefined;
  }

  /** Returns the ids of a request that one of the secrets has signed, in the order of their cookies. */
  read(req: SessionRequest): PresentedSid[] {
    const found: PresentedSid[] = [];
    for (const raw of readCookies(req.headers.cookie, this.#name, MAX_COOKIES) ?? [])
      this.#add(found, decodeCookieValue(raw));
    if (found.length > 0) return found;
    // What cookie-parser has left, for requests whose header was taken away.
    const verified = req.signedCookies?.[this.#name];
    if (typeof verified === 'string') found.push(this.#present(verified, 0));
    const plain = req.cookies?.[this.#name];
    if (found.length === 0 && typeof plain === 'string') this.#add(found, plain);
    return found;
  }

  /** Returns the cookie's value for an id, before it is encoded. */
  write(sid: string): string {
    return `s:${sign(sid, this.#secrets[0]!)}`;
  }

  #add(found: PresentedSid[], value: string): void {
    if (!value.startsWith('s:')) return;
    const known = this.#recent.get(value);
    const presented = known ?? this.#verify(value.slice(2));
    if (presented === null) return;
    if (known === undefined) this.#recent.set(value, presented);
    found.push(presented);
  }

  #verify(signed: string): PresentedSid | null {
    const verified = unsign(signed, this.#secrets);
    return verified === null ? null : this.#present(verified.value, verified.secret);
  }

  #present(sid: string, secret: number): PresentedSid {
    const id = engineIdOf(sid);
    return { sid: copyString(sid), id: copyString(id), value: `${id}.${this.#keyrings[secret]!.sign(id)}` };
  }
}
