import { createServer } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { createSessionFactory, type SessionError, type SessionFactory, type SessionOptions } from 'websauna-session';
import { sessions } from 'websauna-session/express';
import { MemoryStore } from 'websauna-session/memory';
import { parseCookie } from '../../../src/testing/adapter/browser.ts';
import { ask, type Answer, type AskInit } from '../../adapters/support/client.ts';
import { listen } from '../../adapters/support/listen.ts';

export const SECRET = 'a secret of more than thirty-two bytes';
export const HOUR = 3600;
export const DAY = 86_400;

/** The time of the browsers, and of a store in memory. */
export class Clock {
  now = 1_750_000_000_000;
  readonly store: MemoryStore = new MemoryStore({ now: () => this.now });

  pass(seconds: number): void {
    this.now += seconds * 1000;
  }
}

/** A factory over the clock's store. */
export function make(clock: Clock, options: Partial<SessionOptions> = {}): SessionFactory {
  return createSessionFactory({ secret: SECRET, store: clock.store, ...options });
}

export function addLogin(app: Express): void {
  app.get('/login/:owner', (req, res) => {
    req.session.login(req.params.owner);
    res.end();
  });
}

/** Runs an application of Express, with its sessions and a few routes that every test needs, and `act` with its address. */
export async function serve(
  factory: SessionFactory,
  addRoutes: (app: Express) => void,
  act: (origin: string) => Promise<void>,
): Promise<void> {
  const app = express().set('env', 'test').set('trust proxy', 1);
  app.use(sessions(factory));
  app.get('/me', (req, res) => void res.send(req.session.owner ?? 'nobody'));
  app.get('/fields', (req, res) => void res.json(req.session.toJSON()));
  app.get('/logout', (req, res) => {
    req.session.logout();
    res.end();
  });
  addRoutes(app);
  app.use((error: SessionError, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) return next(error);
    res.status(error.status ?? 500).send(`${error.code}: ${error.message}`);
  });
  await listen(createServer(app), (port) => act(`http://127.0.0.1:${port}`));
}

export interface Page extends Answer {
  readonly text: string;
}

interface KeptCookie {
  readonly name: string;
  readonly value: string;
  /** `null` for a cookie that ends with the browser. */
  readonly expiresAt: number | null;
}

/** A browser of one site: it forgets cookies when their time is over or it is closed, and follows no redirects. */
export class Visitor {
  /** By name and partition. */
  readonly cookies: Map<string, KeptCookie> = new Map<string, KeptCookie>();
  origin: string;
  readonly #clock: Clock;
  readonly #knowsPartitions: boolean;

  constructor(origin: string, clock: Clock = new Clock(), { knowsPartitions = true } = {}) {
    this.origin = origin;
    this.#clock = clock;
    this.#knowsPartitions = knowsPartitions;
  }

  async visit(path: string, init: Omit<AskInit, 'path'> = {}): Promise<Page> {
    const cookie = this.#live()
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const headers = { ...init.headers, ...(cookie !== '' && { cookie }) };
    const answer = await ask(Number(new URL(this.origin).port), { ...init, path, headers });
    for (const text of answer.cookies) this.keep(text);
    return { ...answer, text: answer.body.toString() };
  }

  /** What the page says, which must be a success. */
  async read(path: string): Promise<string> {
    const { status, text } = await this.visit(path);
    if (status !== 200) throw new Error(`Expected ${path} to be answered with 200, got ${status}: ${text}`);
    return text;
  }

  keep(text: string): void {
    const { name, value, attributes } = parseCookie(text);
    const key = attributes.has('Partitioned') && this.#knowsPartitions ? `${name} (partitioned)` : name;
    const maxAge = maxAgeOf(text);
    if (maxAge === 0) this.cookies.delete(key);
    else this.cookies.set(key, { name, value, expiresAt: maxAge === null ? null : this.#clock.now + maxAge * 1000 });
  }

  /** Closes the browser and opens it again. */
  restart(): void {
    for (const [key, { expiresAt }] of this.cookies) if (expiresAt === null) this.cookies.delete(key);
  }

  #live(): KeptCookie[] {
    for (const [key, { expiresAt }] of this.cookies) {
      if (expiresAt !== null && expiresAt <= this.#clock.now) this.cookies.delete(key);
    }
    return [...this.cookies.values()];
  }
}

/** The `Max-Age` of a `Set-Cookie` header; `null` for a cookie that ends with the browser. */
export function maxAgeOf(cookie: string): number | null {
  const [, seconds] = /; Max-Age=(\d+)/.exec(cookie) ?? [];
  return seconds === undefined ? null : Number(seconds);
}
