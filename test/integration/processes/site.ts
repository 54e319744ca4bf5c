import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Agent } from 'node:http';
import { startProcess, type NodeProcess } from '../../support/processes.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import type { Jar } from '../../support/visit.ts';
import { send, type Answer, type Sent } from './client.ts';

export type Framework = 'express' | 'fastify' | 'koa';

/** What a request does, in order; see fixtures/steps.mjs. */
export type Step = readonly [name: string, ...args: unknown[]];

export interface Visited extends Answer {
  /** What each step returned. */
  readonly results: readonly unknown[];
}

export interface SendOptions {
  readonly path?: string;
  readonly agent?: Agent;
  /** A gate that is reached when the handler has answered. */
  readonly answered?: string;
}

/** A request that has opened its session and waits. */
export interface Held {
  readonly site: Site;
  readonly gate: string;
  /** Something of its response has arrived. */
  readonly firstByte: Promise<void>;
  readonly answer: Promise<Visited>;
  /** Lets it go on; returns its answer. */
  finish(): Promise<Visited>;
}

/** One of the processes of the application. */
export class Site {
  readonly #process: NodeProcess;
  readonly #gates: string;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(process: NodeProcess) {
    this.#process = process;
    this.#gates = `http://127.0.0.1:${String(process.ready['gates'])}`;
  }

  static async start(framework: Framework, options: object): Promise<Site> {
    if (!existsSync(new URL('../../../dist/index.js', import.meta.url))) {
      throw new Error('The processes run the built package: run `npm run build` first.');
    }
    const env = { SESSION_OPTIONS: JSON.stringify(options) };
    return new Site(await startProcess(new URL('fixtures/site.mjs', import.meta.url), { args: [framework], env }));
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#process.stop();
  }

  /** Sends a request, and leaves the rest to the caller, the cookies of the answer included. */
  send(jar: Jar, steps: readonly Step[], options: SendOptions = {}): Sent {
    const { path = '/', agent = this.#agent, answered } = options;
    return send(agent, `${this.#process.url}${path}?steps=${encodeURIComponent(JSON.stringify(steps))}`, {
      ...(jar.header !== undefined && { cookie: jar.header }),
      ...(answered !== undefined && { 'x-answered': answered }),
    });
  }

  /** A whole request of a browser. */
  async visit(jar: Jar, steps: readonly Step[], options?: SendOptions): Promise<Visited> {
    return await take(jar, this.send(jar, steps, options));
  }

  /** What a request with this cookie finds. */
  async read(jar: Jar): Promise<{ isNew: boolean; owner: string | null; data: object }> {
    const { results } = await this.visit(jar, [['all']]);
    return results[0] as { isNew: boolean; owner: string | null; data: object };
  }

  /** A request that waits in its handler, its session opened, between the steps `before` and `after`. */
  async hold(jar: Jar, before: readonly Step[], after: readonly Step[], options?: SendOptions): Promise<Held> {
    const gate = randomUUID();
    const sent = this.send(jar, [...before, ['wait', gate], ...after], options);
    const answer = take(jar, sent);
    // An answer that comes before its gate is reached is that of a failure.
    await Promise.race([this.reached(gate), answer.then(({ body }) => Promise.reject(new Error(body)))]);
    const finish = async (): Promise<Visited> => {
      await this.open([gate]);
      return await answer;
    };
    return { site: this, gate, firstByte: sent.firstByte, answer, finish };
  }

  async reached(gate: string): Promise<void> {
    await this.#ask(`/reached/${gate}`);
  }

  async open(gates: readonly string[]): Promise<void> {
    await this.#ask(`/open/${gates.join(',')}`);
  }

  /** The process has run through its event loop once more. */
  async turn(): Promise<void> {
    await this.#ask('/');
  }

  /** Waits for an event: `lost <handle> -`, `discarded <handle> gone`. */
  async waitForEvent(event: string): Promise<void> {
    await this.#process.match(new RegExp(`^${event}$`, 'm'));
  }

  async #ask(path: string): Promise<void> {
    await send(this.#agent, this.#gates + path, {}).answer;
  }
}

async function take(jar: Jar, sent: Sent): Promise<Visited> {
  const answer = await sent.answer;
  jar.take(answer.cookies);
  return { ...answer, results: answer.status === 200 ? (JSON.parse(answer.body) as unknown[]) : [] };
}

/** Two processes of one application on one Redis, with different client libraries. */
export interface Pair {
  readonly redis: RedisServer;
  readonly one: Site;
  readonly two: Site;
  stop(): Promise<void>;
}

export async function startPair(framework: Framework): Promise<Pair> {
  const redis = await startRedis();
  const start = (library: 'redis' | 'ioredis'): Promise<Site> =>
    Site.start(framework, {
      secret: 'a secret of more than thirty-two bytes',
      // Every request renews the idle timeout, so that readers have something to write as well.
      touchInterval: 0,
      // A deadline is not what is tested here, however busy the machine is.
      redis: { url: redis.url, library, socketTimeout: 30 },
    });
  const [one, two] = await Promise.all([start('redis'), start('ioredis')]);
  const stop = async (): Promise<void> => {
    await Promise.all([one.stop(), two.stop()]);
    await redis.stop();
  };
  return { redis, one, two, stop };
}

/** Opens the gates of all at once. */
export async function finishAll(held: readonly Held[]): Promise<Visited[]> {
  const sites = new Set(held.map(({ site }) => site));
  const gatesOf = (site: Site): string[] => held.filter((each) => each.site === site).map(({ gate }) => gate);
  await Promise.all([...sites].map((site) => site.open(gatesOf(site))));
  return await Promise.all(held.map(({ answer }) => answer));
}

/** Repeats the two processes in turn. */
export function alternately({ one, two }: Pair, count: number): Site[] {
  return Array.from({ length: count }, (_, index) => (index % 2 === 0 ? one : two));
}

/** What Redis has under the names of a session. */
export async function storedKeys(redis: RedisServer, handle: unknown): Promise<unknown> {
  return await redis.cli('KEYS', `*${String(handle)}*`);
}
