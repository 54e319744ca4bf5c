// An application without HTTP: requests go to the bare engine, `factory.load` and `factory.commit`, so that what
// is measured is the engine and the client library.
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { createSessionFactory } from '../../dist/index.js';

export const SECRET = 'a secret of more than thirty-two bytes';
const AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
/** Requests at once. */
const AT_ONCE = 32;

class BareExchange {
  method = 'GET';
  url = '/';
  secure = true;
  clientAddress = '198.51.100.27';
  request = undefined;

  constructor(cookie) {
    this.cookie = cookie;
  }

  header(name) {
    if (name === 'cookie') return this.cookie;
    return name === 'user-agent' ? AGENT : undefined;
  }
}

class BareHead {
  status = 200;
  cookie = undefined;

  get() {
    return undefined;
  }

  set() {}

  appendCookie(text) {
    this.cookie = text.slice(0, text.indexOf(';'));
  }
}

/** Clients of a Cluster, by library. */
const CLUSTERS = {
  async redis(urls) {
    const client = createCluster({ rootNodes: urls.map((url) => ({ url })) });
    client.on('error', () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  async ioredis(urls) {
    const client = new Cluster(urls);
    client.on('error', () => {});
    return { client, close: () => client.disconnect() };
  },
};

let counter = 0;

/** What a request does with its session. */
export const ACTS = {
  read: (session) => session.get('views'),
  change: (session) => session.set('views', ++counter),
  login: (session) => session.login(`user-${++counter}`),
};

/** A process of an application. */
export class Site {
  /** The client of a Cluster, which the factory does not close. */
  #own;

  /**
   * @param redis `{ url }`, with `cache: true` for the client-side cache, or `{ cluster: [url...] }`, with
   *   `library: 'ioredis'` for another client than node-redis
   * @param touchInterval so long that no reading renews the idle time, unless it is given
   */
  static async open({ url, cache = false, cluster, library = 'redis' }, touchInterval = 3600) {
    const site = new Site();
    let options = { url, library, cache };
    if (cluster !== undefined) {
      site.#own = await CLUSTERS[library](cluster);
      options = { client: site.#own.client };
    }
    site.factory = createSessionFactory({ secret: SECRET, redis: options, timeout: 36_000, touchInterval });
    return site;
  }

  /** A whole request; returns the cookie that the client has afterwards. */
  async visit(cookie, act) {
    const session = await this.factory.load(new BareExchange(cookie));
    act(session);
    const head = new BareHead();
    await this.factory.commit(session, head);
    return head.cookie ?? cookie;
  }

  /**
   * Makes sessions, and returns their cookies.
   * @param ownerOf the owner of session number `i`, or `undefined` for an anonymous one
   */
  async make(count, content, ownerOf = () => undefined) {
    const cookies = Array.from({ length: count });
    await atOnce(count, 8 * AT_ONCE, async (i) => {
      cookies[i] = await this.visit(undefined, (session) => {
        for (const [name, value] of Object.entries(content)) session.set(name, value);
        const owner = ownerOf(i);
        if (owner !== undefined) session.login(owner);
      });
    });
    return cookies;
  }

  /** Sends `requests` requests of the cookies in turn; returns the CPU time of this process, and seconds. */
  async load(actName, cookies, requests) {
    const act = ACTS[actName];
    const step = stride(cookies.length);
    const [begun, before] = [performance.now(), process.cpuUsage()];
    await atOnce(requests, AT_ONCE, (i) => this.visit(cookies[(i * step) % cookies.length], act));
    const { user, system } = process.cpuUsage(before);
    return { cpu: (user + system) / requests, seconds: (performance.now() - begun) / 1000, requests };
  }

  async close() {
    await this.factory.close();
    this.#own?.close();
  }
}

/** Neighbours in the order of creation may be neighbours in memory, too. */
function stride(length) {
  for (const step of [7919, 104_729]) if (length > step && length % step !== 0) return step;
  return 1;
}

async function atOnce(count, width, run) {
  let next = 0;
  const lane = async () => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}
