import { randomUUID } from 'node:crypto';
import { isIPv6, type Socket } from 'node:net';
import { Router } from 'express';
import { createContestants, type Contestant } from './contestant.ts';
import { Gates } from './gates.ts';
import { Browser } from './browser.ts';

/** The compared applications guard no form, so only this process may call them. */
const KEY_HEADER = 'x-arena-key';
const PATH = '/contestants';

/** The compared applications, as parts of this site that it calls itself over HTTP. */
export class Arena {
  readonly contestants: readonly Contestant[];
  readonly storeName: string;
  readonly gates = new Gates();
  readonly #key = randomUUID();
  #last: Promise<unknown> = Promise.resolve();

  constructor(redisUrl?: string) {
    this.contestants = createContestants(this.gates.slowWork, redisUrl);
    this.storeName = redisUrl === undefined ? 'memory' : 'Redis';
  }

  routes(): Router {
    const router = Router();
    router.use(PATH, (req, _res, next) => next(req.get(KEY_HEADER) === this.#key ? undefined : 'router'));
    for (const { name, app } of this.contestants) router.use(`${PATH}/${name}`, app);
    return router;
  }

  /** @param socket - Of a request to this site: it has the address that the site answers at. */
  browse({ name }: Contestant, { localAddress = '127.0.0.1', localPort }: Socket): Browser {
    const host = isIPv6(localAddress) ? `[${localAddress}]` : localAddress;
    return new Browser(`http://${host}:${localPort}${PATH}/${name}`, { [KEY_HEADER]: this.#key });
  }

  /** Runs one task after the other, so that each counts its own commands only. */
  exclusively<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }

  close(): void {
    for (const contestant of this.contestants) contestant.close();
  }
}
