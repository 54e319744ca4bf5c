import { stringifySetCookie, type SetCookie } from 'cookie';

/** The field in which a session keeps the attributes of its cookie that are not the configured ones. */
export const COOKIE_FIELD = 'cookie';

/** The attributes of a session's cookie, as `new Cookie` takes them. Durations are milliseconds. */
export interface CookieAttributes {
  originalMaxAge?: number | null | undefined;
  maxAge?: number | null | undefined;
  expires?: Date | string | null | false | undefined;
  httpOnly?: boolean | undefined;
  path?: string | undefined;
  domain?: string | null | undefined;
  secure?: boolean | 'auto' | undefined;
  sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined;
  partitioned?: boolean | undefined;
  priority?: 'low' | 'medium' | 'high' | undefined;
}

/** What is written into a stored session. */
export interface CookieData extends Omit<CookieAttributes, 'maxAge' | 'expires'> {
  expires: Date | null | undefined;
}

/** `req.session.cookie`: the attributes with which the session's cookie is sent, and how long the session lives. */
export class Cookie {
  path?: string | undefined = '/';
  httpOnly?: boolean | undefined = true;
  declare domain?: string | null | undefined;
  declare secure?: boolean | 'auto' | undefined;
  declare sameSite?: CookieAttributes['sameSite'];
  declare partitioned?: boolean | undefined;
  declare priority?: CookieAttributes['priority'];
  /** Milliseconds that a use of the session adds to its life; `null` for the browser's session. */
  originalMaxAge: number | null = null;
  /** Not private, because stores copy cookies. */
  _expires: Date | null = null;

  /** @param attributes milliseconds where a duration is meant; a stored `originalMaxAge` goes before the others */
  constructor(attributes?: CookieAttributes | Cookie | null) {
    if (attributes === undefined || attributes === null) return;
    if (typeof attributes !== 'object') throw new TypeError('argument options must be a object');
    const given = attributes instanceof Cookie ? attributes.data : attributes;
    for (const [name, value] of Object.entries(given)) {
      if (name !== 'data' && name !== 'originalMaxAge' && value !== undefined) Reflect.set(this, name, value);
    }
    if (given.originalMaxAge !== undefined && given.originalMaxAge !== null) this.originalMaxAge = given.originalMaxAge;
  }

  /** When the cookie expires; `null` with the browser. */
  get expires(): Date | null {
    return this._expires;
  }

  set expires(date: Date | string | null | false | undefined) {
    this._expires = typeof date === 'string' ? new Date(date) : date || null;
    this.originalMaxAge = this.maxAge;
  }

  /** Milliseconds until the cookie expires; `null` with the browser. */
  get maxAge(): number | null {
    return this._expires === null ? null : this._expires.valueOf() - Date.now();
  }

  set maxAge(age: number | Date | null | undefined) {
    if (age && typeof age !== 'number' && !(age instanceof Date)) {
      throw new TypeError('maxAge must be a number or Date');
    }
    if (typeof age !== 'number') {
      this.expires = age;
      return;
    }
    this._expires = new Date(Date.now() + age);
    this.originalMaxAge = age;
  }

  /** The attributes as they are stored. */
  get data(): CookieData {
    const { originalMaxAge, partitioned, priority, secure, httpOnly, domain, path, sameSite } = this;
    return {
      originalMaxAge,
      partitioned,
      priority,
      expires: this._expires,
      secure,
      httpOnly,
      domain,
      path,
      sameSite,
    };
  }

  /** Returns a `Set-Cookie` with these attributes. */
  serialize(name: string, value: string): string {
    const { path, domain, expires, httpOnly, secure, sameSite, partitioned, priority } = this.data;
    return stringifySetCookie({
      name,
      value,
      path: path ?? undefined,
      domain: domain ?? undefined,
      expires: expires ?? undefined,
      httpOnly: Boolean(httpOnly),
      secure: Boolean(secure),
      sameSite: sameSite || undefined,
      partitioned: Boolean(partitioned),
      priority,
    } as SetCookie);
  }

  toJSON(): CookieData {
    return this.data;
  }
}
