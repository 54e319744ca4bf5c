import { createServer } from 'node:http';
import express, { type Express, type Request, type Response } from 'express';
import { listen } from '../../adapters/support/listen.ts';
import { ask, type Answer } from '../../adapters/support/client.ts';
import { Jar } from '../../support/visit.ts';

declare module 'express-session' {
  interface SessionData {
    views: number;
    user: string;
    cart: string[];
    [field: `f${number}`]: number;
  }
}

export const SECRET = 'keyboard cat';

/** A browser of one site: keeps its cookies, and does not follow redirects. */
export class Browser {
  readonly #jar: Jar;
  readonly #port: number;

  constructor(port: number, cookies: ReadonlyMap<string, string> = new Map()) {
    this.#port = port;
    this.#jar = new Jar({ cookies });
  }

  get cookies(): Map<string, string> {
    return this.#jar.cookies;
  }

  /** Another tab, which has the same cookies now. */
  clone(): Browser {
    return new Browser(this.#port, this.cookies);
  }

  async visit(
    path: string,
    init: { method?: string; headers?: Record<string, string>; form?: object } = {},
  ): Promise<Page> {
    const { method = 'GET', headers = {}, form } = init;
    const { header } = this.#jar;
    const answer = await ask(this.#port, {
      path,
      method,
      headers: {
        ...(header !== undefined && { cookie: header }),
        ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(form !== undefined && { body: new URLSearchParams(form as Record<string, string>).toString() }),
    });
    this.#jar.take(answer.cookies);
    return { ...answer, text: answer.body.toString() };
  }

  async text(path: string): Promise<string> {
    return (await this.visit(path)).text;
  }
}

export interface Page extends Answer {
  readonly text: string;
}

/** Runs an Express application, and `act` with its port. */
export async function serve(build: (app: Express) => void, act: (port: number) => Promise<void>): Promise<void> {
  const app = express();
  build(app);
  // Errors are answered with their message alone.
  app.use((error: Error & { status?: number }, _req: Request, res: Response, next: (error: unknown) => void) => {
    if (res.headersSent) return next(error);
    res.status(error.status ?? 500).send(error.message);
  });
  await listen(createServer(app), act);
}

/** The fields of a session. */
export function fieldsOf(session: object): object {
  return Object.fromEntries(Object.entries(session).filter(([name]) => name !== 'cookie'));
}

/** A promise that a test fulfils. */
export class Gate {
  readonly opened: Promise<void>;
  open!: () => void;

  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}
