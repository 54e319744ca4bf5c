import { createSessionFactory, type Session, type SessionFactory, type SessionOptions } from 'websauna-session';
import { createDashboard, type Dashboard, type DashboardOptions } from 'websauna-session/dashboard';
import { withSession } from 'websauna-session/fetch';
import { MemoryStore } from 'websauna-session/memory';

const ORIGIN = 'http://localhost';

export interface Visitor {
  /** The session's cookie, as a request has it. */
  readonly cookie: string;
  readonly handle: string;
}

/** A dashboard as a Fetch handler, without a server. Ada may act, Rita may look. */
export class DashboardFixture {
  readonly factory: SessionFactory;
  readonly dashboard: Dashboard;
  readonly #logIn: (request: Request) => Promise<Response>;
  readonly #fetch: (request: Request) => Promise<Response>;
  #offset = 0;

  constructor(options: Partial<SessionOptions> = {}, dashboardOptions: Partial<DashboardOptions> = {}) {
    const store = new MemoryStore({ now: () => Date.now() + this.#offset });
    const secret = 'a secret of the tests, of 32 bytes or more';
    const where = 'redis' in options ? {} : { store };
    this.factory = createSessionFactory({ secret, audit: true, stats: true, ...where, ...options });
    this.dashboard = createDashboard(this.factory, {
      canView: ({ owner }) => owner === 'ada' || owner === 'rita',
      canAct: ({ owner }) => owner === 'ada',
      ...dashboardOptions,
    });
    this.#fetch = withSession(this.factory, this.dashboard.fetch);
    this.#logIn = withSession(this.factory, async (request, session) => {
      const { owner, index, fields, anonymous } = (await request.json()) as LogInBody;
      if (anonymous !== true) session.login(owner, { method: 'password', ...(index !== undefined && { index }) });
      for (const [name, value] of Object.entries(fields ?? {})) session.set(name, value);
      await session.save();
      return Response.json({ handle: session.handle });
    });
  }

  /** Lets time pass, where the sessions are in memory. */
  pass(seconds: number): void {
    this.#offset += seconds * 1000;
  }

  async logIn(
    owner: string,
    more: Omit<LogInBody, 'owner'> = {},
    headers: Record<string, string> = {},
  ): Promise<Visitor> {
    const body = JSON.stringify({ owner, ...more });
    const response = await this.#logIn(new Request(ORIGIN, { method: 'POST', body, headers }));
    const [cookie = ''] = response.headers.getSetCookie().map((line) => line.split(';')[0]!);
    const { handle } = (await response.json()) as { handle: string };
    return { cookie, handle };
  }

  async get(query: string, visitor?: Visitor, headers: Record<string, string> = {}): Promise<Response> {
    return await this.#fetch(new Request(`${ORIGIN}/admin${query}`, { headers: { ...cookieOf(visitor), ...headers } }));
  }

  /** Sends a form, with the token that a page has for the visitor, unless another one is given. */
  async post(
    query: string,
    form: Readonly<Record<string, string>>,
    visitor?: Visitor,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return await this.#fetch(
      new Request(`${ORIGIN}/admin${query}`, {
        method: 'POST',
        headers: { 'sec-fetch-site': 'same-origin', ...cookieOf(visitor), ...headers },
        body: new URLSearchParams(form),
      }),
    );
  }

  /** Returns the token of the visitor's forms. */
  async token(visitor: Visitor): Promise<string> {
    const read = withSession(this.factory, (_request, session: Session) => new Response(session.getCsrfToken()));
    return await (await read(new Request(ORIGIN, { headers: cookieOf(visitor) }))).text();
  }

  async isLive(visitor: Visitor): Promise<boolean> {
    const read = withSession(this.factory, (_request, session: Session) => new Response(String(!session.isNew)));
    return (await (await read(new Request(ORIGIN, { headers: cookieOf(visitor) }))).text()) === 'true';
  }
}

interface LogInBody {
  readonly owner: string;
  readonly index?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly anonymous?: boolean;
}

function cookieOf(visitor: Visitor | undefined): Record<string, string> {
  return visitor === undefined ? {} : { cookie: visitor.cookie };
}

/** What a visitor can tell two responses apart by. */
export async function learned(response: Response): Promise<string> {
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`);
  return [response.status, ...headers, await response.text()].join('\n');
}
