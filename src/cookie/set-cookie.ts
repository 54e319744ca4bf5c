import { createHash } from 'node:crypto';
import { stringifySetCookie, type SetCookie } from 'cookie';
import { SessionError } from '../errors.ts';
import type { ResponseCookie } from '../exchange.ts';
import { expected } from '../internal/validate.ts';

/** The cookie's attributes with every default filled in. */
export interface CookieAttributes {
  readonly name: string;
  readonly path: string;
  readonly domain: string | null;
  /** `'auto'`: where the client speaks HTTPS. */
  readonly secure: boolean | 'auto';
  readonly httpOnly: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly partitioned: boolean;
  readonly priority: 'low' | 'medium' | 'high' | null;
}

/** What distinguishes two cookies of one name in a browser (RFC 6265bis section 5.7; CHIPS). */
export type CookieVariant = Pick<CookieAttributes, 'path' | 'domain' | 'partitioned'>;

/** Browsers ignore a cookie whose name and value are longer together (RFC 6265bis section 5.6; ASVS 3.3.5). */
const MAX_PAIR_BYTES = 4096;
/** Browsers ignore an attribute whose value is longer (RFC 6265bis section 5.6). */
const MAX_ATTRIBUTE_BYTES = 1024;
/** What a cookie's value may consist of without quotes (RFC 6265 section 4.1.1). */
const COOKIE_OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
const EPOCH = new Date(0);

/**
 * The session cookie as `Set-Cookie` has it. Everything but value and `Max-Age` is checked and written
 * once, so that a deletion has the same attributes as the cookie that it deletes (RFC 6265 section 5.3:
 * name, domain and path identify a cookie).
 */
export class CookieTemplate {
  readonly attributes: CookieAttributes;
  readonly #secureText: string;
  readonly #plainText: string;

  /**
   * @throws TypeError when an attribute is malformed, or when attributes contradict each other: the rules
   * of `__Host-`, `__Secure-` and `__Http-` names, `SameSite=None` or `Partitioned` without `Secure`.
   */
  constructor(attributes: CookieAttributes) {
    checkGrammar(attributes);
    this.attributes = withPrefixRules(attributes);
    checkSecureNeeded(this.attributes);
    this.#secureText = attributeText(this.attributes, true);
    this.#plainText = attributeText(this.attributes, false);
  }

  get name(): string {
    return this.attributes.name;
  }

  /** Returns whether the cookie is `Secure` for a client that speaks HTTPS, or that does not. */
  isSecure(https: boolean): boolean {
    const { secure } = this.attributes;
    return secure === 'auto' ? https : secure;
  }

  /**
   * @param head.secure - Whether the client speaks HTTPS.
   * @param head.maxAge - Seconds, a fraction being dropped; `null` ends the cookie with the browser.
   * @throws SessionError `ERR_SESSION_COOKIE_TOO_LARGE` when name and value exceed 4096 bytes.
   */
  serialize(value: string, head: { readonly secure: boolean; readonly maxAge: number | null }): string {
    if (!COOKIE_OCTETS.test(value)) throw new TypeError('Expected the cookie value to be of cookie octets only');
    if (this.name.length + value.length > MAX_PAIR_BYTES) {
      const size = this.name.length + value.length;
      throw new SessionError(
        'ERR_SESSION_COOKIE_TOO_LARGE',
        `The session cookie's name and value have ${size} bytes, and browsers accept ${MAX_PAIR_BYTES}. Make \`cookie.name\` shorter`,
      );
    }
    const maxAge = head.maxAge === null ? '' : `; Max-Age=${Math.max(0, Math.floor(head.maxAge))}`;
    return `${this.name}=${value}${maxAge}${this.#text(head.secure)}`;
  }

  /**
   * Returns a `Set-Cookie` that makes the browser forget the cookie.
   * @param head.variant the cookie that earlier attributes have made; default: the present one
   */
  serializeDeletion(head: { readonly secure: boolean; readonly variant?: CookieVariant }): string {
    const { secure, variant } = head;
    const text =
      variant === undefined
        ? this.#text(secure)
        : attributeText({ ...this.attributes, ...variant }, this.isSecure(secure) || variant.partitioned);
    return `${this.name}=; Max-Age=0; Expires=${EPOCH.toUTCString()}${text}`;
  }

  /** Returns the cookie that {@link serialize} or, with an empty value and a `Max-Age` of 0, {@link serializeDeletion} writes. */
  describe(
    value: string,
    head: { readonly secure: boolean; readonly maxAge: number | null; readonly variant?: CookieVariant },
  ): ResponseCookie {
    const maxAge = head.maxAge === null ? null : Math.max(0, Math.floor(head.maxAge));
    const secure = this.isSecure(head.secure) || head.variant?.partitioned === true;
    return { ...this.attributes, ...head.variant, value, maxAge, secure };
  }

  /**
   * Returns a word for the attributes, which changes with them, and from which {@link outdatedVariant} reads what
   * distinguishes two cookies of one name.
   * @param maxAge seconds; `null` for the browser's session
   */
  describeAttributes(maxAge: number | null): string {
    const { path, domain, secure, httpOnly, sameSite, partitioned, priority } = this.attributes;
    const text = JSON.stringify([path, domain, secure, httpOnly, sameSite, partitioned, priority, maxAge]);
    const hash = createHash('sha256').update(text).digest('base64url').slice(0, 6);
    if (path === '/' && domain === null && !partitioned) return hash;
    return [hash, encodePart(path), encodePart(domain ?? ''), partitioned ? 'p' : ''].join('~');
  }

  /** Returns the cookie that a browser has beside the present one, made with the attributes of a word; `null` if it is the same. */
  outdatedVariant(word: string): CookieVariant | null {
    const [, path, domain = '', partitioned] = word.split('~');
    const variant = {
      path: path === undefined ? '/' : decodePart(path),
      domain: domain === '' ? null : decodePart(domain),
      partitioned: partitioned === 'p',
    };
    const { attributes } = this;
    const same =
      variant.path === attributes.path &&
      variant.domain === attributes.domain &&
      variant.partitioned === attributes.partitioned;
    return same ? null : variant;
  }

  #text(https: boolean): string {
    return this.isSecure(https) ? this.#secureText : this.#plainText;
  }
}

function encodePart(part: string): string {
  return Buffer.from(part).toString('base64url');
}

function decodePart(part: string): string {
  return Buffer.from(part, 'base64url').toString();
}

/** Returns everything after the value, as written by the `cookie` package, which knows the grammar. */
function attributeText(attributes: CookieAttributes, secure: boolean): string {
  const { name, domain, path, httpOnly, sameSite, partitioned, priority } = attributes;
  const cookie: SetCookie = { name, value: '', path, httpOnly, secure, sameSite, partitioned };
  if (domain !== null) cookie.domain = domain;
  if (priority !== null) cookie.priority = priority;
  return stringifySetCookie(cookie).slice(name.length + 1);
}

function checkGrammar({ name, domain, path }: CookieAttributes): void {
  if (name.length > MAX_PAIR_BYTES / 2 || !accepts({ name })) {
    throw expected('cookie.name', 'a cookie name: printable ASCII without spaces, `=` and `;`', name);
  }
  if (!path.startsWith('/') || path.length > MAX_ATTRIBUTE_BYTES || !accepts({ name, path })) {
    throw expected('cookie.path', 'a path that begins with `/`, in printable ASCII without `;`', path);
  }
  if (domain === null) return;
  if (domain.length > MAX_ATTRIBUTE_BYTES || !accepts({ name, domain })) {
    throw expected('cookie.domain', 'a domain such as example.com (or null for the host itself)', domain);
  }
}

function accepts(cookie: Omit<SetCookie, 'value'>): boolean {
  try {
    stringifySetCookie({ ...cookie, value: '' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the attributes with `secure: true` where the prefix of the name makes browsers require it, in upper or lower
 * case (RFC 6265bis section 5.7). Throws for attributes with which browsers would refuse the cookie silently.
 */
function withPrefixRules(attributes: CookieAttributes): CookieAttributes {
  const { name, path, domain, secure, httpOnly } = attributes;
  const prefix = /^__(?:host-http|host|secure|http)-/i.exec(name)?.[0].toLowerCase();
  if (prefix === undefined) return attributes;
  const rule = (option: string, what: string, value: unknown): TypeError =>
    expected(`cookie.${option}`, `${what}, which the prefix of \`cookie.name\` demands`, value);
  if (secure === false) throw rule('secure', "true or 'auto'", secure);
  if (prefix.startsWith('__host-')) {
    if (path !== '/') throw rule('path', '`/`', path);
    if (domain !== null) throw rule('domain', 'null', domain);
  }
  if (prefix.endsWith('http-') && !httpOnly) throw rule('httpOnly', 'true', httpOnly);
  return { ...attributes, secure: true };
}

function checkSecureNeeded({ secure, sameSite, partitioned }: CookieAttributes): void {
  if (secure === true) return;
  if (sameSite === 'none') throw expected('cookie.secure', "true, which `cookie.sameSite: 'none'` demands", secure);
  if (partitioned) throw expected('cookie.secure', 'true, which `cookie.partitioned` demands', secure);
}
