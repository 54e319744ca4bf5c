import type { Exchange, ResponseHead, SessionFactory, WebsaunaSession } from 'websauna-session';

/** A response head in memory. */
export class MemoryHead implements ResponseHead {
  status = 200;
  readonly headers = new Map<string, string>();
  readonly cookies: string[] = [];

  get(name: string): string | undefined {
    return this.headers.get(name);
  }

  set(name: string, value: string): void {
    this.headers.set(name, value);
  }

  setToken(name: string, value: string): void {
    this.set(name, value);
  }

  appendCookie(value: string): void {
    this.cookies.push(value);
  }
}

/** What a browser keeps of one site's cookies: names and values. */
export class Jar {
  readonly cookies: Map<string, string>;

  constructor(from?: { readonly cookies: ReadonlyMap<string, string> }) {
    this.cookies = new Map(from?.cookies);
  }

  get header(): string | undefined {
    const pairs = [...this.cookies].map(([name, value]) => `${name}=${value}`);
    return pairs.length === 0 ? undefined : pairs.join('; ');
  }

  take(setCookies: readonly string[]): void {
    for (const text of setCookies) {
      const [pair = '', ...attributes] = text.split('; ');
      const name = pair.slice(0, pair.indexOf('='));
      if (isOver(attributes)) this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(name.length + 1));
    }
  }
}

function isOver(attributes: readonly string[]): boolean {
  if (attributes.some((each) => each.startsWith('Max-Age='))) return attributes.includes('Max-Age=0');
  const expires = attributes.find((each) => each.startsWith('Expires='));
  return expires !== undefined && Date.parse(expires.slice('Expires='.length)) <= Date.now();
}

export interface VisitOptions {
  readonly method?: string;
  readonly url?: string;
  readonly secure?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request of a browser, of which a test decides when it opens its session and when it ends. */
export class Visit<Data extends object, S extends WebsaunaSession<Data>> {
  readonly session: S;
  readonly head: MemoryHead = new MemoryHead();
  readonly #factory: SessionFactory<Data, S>;
  readonly #jar: Jar;

  private constructor(factory: SessionFactory<Data, S>, jar: Jar, session: S) {
    this.#factory = factory;
    this.#jar = jar;
    this.session = session;
  }

  static async open<Data extends object, S extends WebsaunaSession<Data>>(
    factory: SessionFactory<Data, S>,
    jar: Jar,
    options: VisitOptions = {},
  ): Promise<Visit<Data, S>> {
    return new Visit(factory, jar, await factory.load(exchangeOf(jar, options)));
  }

  /** Commits, and lets the browser have the response. */
  async end(): Promise<MemoryHead> {
    await this.#factory.commit(this.session, this.head);
    this.#jar.take(this.head.cookies);
    return this.head;
  }
}

export function exchangeOf(jar: Jar, options: VisitOptions = {}): Exchange {
  const { method = 'GET', url = '/', secure = false, headers = {} } = options;
  return {
    method,
    url,
    secure,
    clientAddress: '192.0.2.1',
    request: { url },
    header: (name) => (name === 'cookie' ? (headers['cookie'] ?? jar.header) : headers[name]),
  };
}

/** A whole request: opens, does, commits. */
export async function visit<Data extends object, S extends WebsaunaSession<Data>, T>(
  factory: SessionFactory<Data, S>,
  jar: Jar,
  act: (session: S) => T | Promise<T>,
  options: VisitOptions = {},
): Promise<T> {
  const request = await Visit.open(factory, jar, options);
  const result = await act(request.session);
  await request.end();
  return result;
}

/** The first request of a browser, which stores a session. */
export async function startSession<Data extends object, S extends WebsaunaSession<Data>>(
  factory: SessionFactory<Data, S>,
  act: (session: S) => unknown = (session) => session.set('a' as never, 1 as never),
): Promise<Jar> {
  const jar = new Jar();
  await visit(factory, jar, act);
  return jar;
}
