import type { RunningApp } from './check.ts';

/** A response as a test looks at it. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The `Set-Cookie` headers. */
  readonly cookies: readonly string[];
  readonly body: string;
}

export interface VisitInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Keeps the cookies of one site, as a browser does, and follows no redirect by itself. */
export class Browser {
  readonly cookies: Map<string, string>;
  readonly #app: RunningApp;
  readonly #prefix: string;

  constructor(app: RunningApp, prefix: string, cookies: ReadonlyMap<string, string> = new Map()) {
    this.#app = app;
    this.#prefix = prefix;
    this.cookies = new Map(cookies);
  }

  /** One that has the cookies which this one has now. */
  clone(): Browser {
    return new Browser(this.#app, this.#prefix, this.cookies);
  }

  /** Asks for a path below the prefix, and keeps the cookies of the answer. */
  async visit(path: string, init: VisitInit = {}): Promise<Reply> {
    const headers = new Headers(init.headers);
    const pairs = [...this.cookies].map(([name, value]) => `${name}=${value}`);
    if (pairs.length > 0) headers.set('cookie', pairs.join('; '));
    const url = this.#app.origin + this.#prefix + path;
    const request = new Request(url, { method: init.method ?? 'GET', headers, redirect: 'manual' });
    const response = await (this.#app.fetch ?? fetch)(request);
    const cookies = response.headers.getSetCookie();
    for (const cookie of cookies) this.#keep(cookie);
    return { status: response.status, headers: response.headers, cookies, body: await response.text() };
  }

  /** Goes where a redirect leads. */
  async follow(reply: Reply): Promise<Reply> {
    const location = new URL(reply.headers.get('location') ?? '', this.#app.origin + this.#prefix + '/');
    return await this.visit(location.pathname.slice(this.#prefix.length) + location.search);
  }

  #keep(cookie: string): void {
    const { name, value, attributes } = parseCookie(cookie);
    if (attributes.has('Max-Age=0')) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

export function parseCookie(text: string): { name: string; value: string; attributes: Set<string> } {
  const [pair = '', ...attributes] = text.split('; ');
  const equals = pair.indexOf('=');
  return { name: pair.slice(0, equals), value: pair.slice(equals + 1), attributes: new Set(attributes) };
}
