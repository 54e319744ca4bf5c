import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programs } from '../../scripts/programs.mjs';
import { certificate } from './certificate.ts';
import { hasExited, Output, terminate } from './child.ts';
import { guard } from './guard.mjs';
import { ReplyError, RespConnection, type Reply } from './resp.ts';
import { waitFor } from './wait-for.ts';

export interface RedisOptions {
  /** Arguments after the configuration file, such as `['--sentinel']`. */
  readonly args?: readonly string[];
  /** Directives of the configuration file and what follows them there, such as `{ appendonly: 'yes' }`. */
  readonly config?: Readonly<Record<string, string>>;
  /** Listen on a Unix socket too, at `socketPath`. Default: false. */
  readonly unixSocket?: boolean;
  /** The default user's password. Default: none. */
  readonly password?: string;
  /** Listen with TLS alone, under a certificate that all servers of this process share: `ca`. Default: false. */
  readonly tls?: boolean;
}

const HOST = '127.0.0.1';
const CONTAINERS =
  /^(acl|client|cluster|command|config|function|latency|memory|module|object|pubsub|script|slowlog|xgroup|xinfo)$/;

/**
 * Ports for servers, and for nodes of a cluster 10,000 above them as well: below those that the system assigns
 * out by itself. Each worker of a test run has its own. Otherwise a server of another test could
 * take the port of one that was killed, and clients that wait for this one would find that one.
 */
const FIRST_PORT = 10_000;
/** As many as there may be. */
const WORKERS = 20;
const PORTS_PER_WORKER = 10_000 / WORKERS;
const firstOfWorker = FIRST_PORT + (Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS) * PORTS_PER_WORKER;
let turn = Math.floor(Math.random() * PORTS_PER_WORKER);

/** A port that was free a moment ago; a server that listens on it must expect to find it taken. */
export async function freePort(): Promise<number> {
  for (;;) {
    turn = (turn + 1) % PORTS_PER_WORKER;
    // Others may take their turn meanwhile.
    const port = firstOfWorker + turn;
    const server = createServer().listen(port, HOST);
    try {
      await once(server, 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
      throw error;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** What INFO says, by name. */
export function parseInfo(info: string): Map<string, string> {
  const lines = info.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

/** The name under which INFO commandstats counts a command: `get`, `config|resetstat`. */
function statName([command = '', subcommand = '']: readonly string[]): string {
  const name = command.toLowerCase();
  return CONTAINERS.test(name) ? `${name}|${subcommand.toLowerCase()}` : name;
}

/** A Redis server of a test's own, on a port and in a folder of its own. */
export class RedisServer {
  readonly host: string = HOST;
  /** Its working directory, which also holds its configuration. */
  readonly dir: string = mkdtempSync(join(tmpdir(), 'redis-'));
  readonly password: string | undefined;
  readonly socketPath: string | undefined;
  /** The certificate to trust, where it listens with TLS. */
  readonly ca: string | undefined;
  readonly #options: RedisOptions;
  readonly #own = new Map<string, number>();
  #port = 0;
  #child: ChildProcess | undefined;
  #connection: RespConnection | undefined;

  constructor(options: RedisOptions) {
    this.#options = options;
    this.password = options.password;
    if (options.unixSocket) this.socketPath = join(this.dir, 'redis.sock');
    if (options.tls) {
      const { key, cert } = certificate();
      writeFileSync(join(this.dir, 'key.pem'), key, { mode: 0o600 });
      writeFileSync(join(this.dir, 'cert.pem'), cert);
      this.ca = cert;
    }
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    const user = this.password === undefined ? '' : `:${encodeURIComponent(this.password)}@`;
    return `${this.ca === undefined ? 'redis' : 'rediss'}://${user}${HOST}:${this.#port}`;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('The Redis server is not running.');
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child !== undefined && !hasExited(this.#child);
  }

  /** Starts the server on the port that it had, or on a free one, and checks that it is the one that answers. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const port = this.#port || (await freePort());
      const output = this.#spawn(port);
      try {
        await output.match(/Ready to accept connections|Sentinel ID is/);
        this.#port = port;
        break;
      } catch (error) {
        const taken = /address already in use/i.test(output.text) && this.#port === 0;
        if (!taken || attempt === 10) throw error;
      }
    }
    const answering = parseInfo(String(await this.cli('INFO', 'server'))).get('process_id');
    if (answering !== String(this.pid)) {
      throw new Error(`Started Redis as process ${this.pid}, but process ${answering} answers on port ${this.#port}.`);
    }
  }

  /**
   * Runs a command on a connection that nothing else uses; what it sends is left out of `commandCounts`.
   *
   * @throws {ReplyError} When the server answers with an error.
   */
  async cli(...args: string[]): Promise<Reply> {
    if (!this.#connection || this.#connection.closed) await this.#connect();
    const reply = await this.#send(args);
    if (reply instanceof ReplyError) throw reply;
    return reply;
  }

  /**
   * How often each command ran since `resetStats`, `cli` aside. Commands that a script calls are counted
   * under their own names as well as the script's EVAL or EVALSHA.
   */
  async commandCounts(): Promise<Map<string, number>> {
    const own = new Map(this.#own);
    const counts = new Map<string, number>();
    for (const [key, value] of parseInfo(String(await this.cli('INFO', 'commandstats')))) {
      const name = key.replace(/^cmdstat_/, '');
      const calls = Number(/calls=(\d+)/.exec(value)?.[1]) - (own.get(name) ?? 0);
      if (calls > 0) counts.set(name, calls);
    }
    return counts;
  }

  async resetStats(): Promise<void> {
    await this.cli('CONFIG', 'RESETSTAT');
  }

  /** Stops the server in order and removes its folder. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Ends the server as a crash would; `restart` brings it back. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Freezes the server: connections stay open and nothing answers, `cli` neither. */
  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** Starts the server again on the same port and in the same folder, having stopped it if need be. */
  async restart(): Promise<void> {
    await this.#end('SIGTERM');
    await this.start();
  }

  #spawn(port: number): Output {
    const program = programs.redisServer();
    if (program === undefined) throw new Error('There is no redis-server: run `node scripts/prepare-tests.mjs`.');
    const file = join(this.dir, 'redis.conf');
    const directives = Object.entries({ ...this.#directives(port), ...this.#options.config });
    writeFileSync(file, directives.map(([name, value]) => `${name} ${value || '""'}\n`).join(''));
    this.#own.clear();
    this.#child = spawn(program, [file, ...(this.#options.args ?? [])], {
      cwd: this.dir,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    guard(this.#child);
    return new Output(this.#child);
  }

  #directives(port: number): Record<string, string> {
    const quoted = (name: string): string => JSON.stringify(join(this.dir, name));
    return {
      ...(this.ca === undefined
        ? { port: String(port) }
        : {
            port: '0',
            'tls-port': String(port),
            'tls-cert-file': quoted('cert.pem'),
            'tls-key-file': quoted('key.pem'),
            'tls-ca-cert-file': quoted('cert.pem'),
            'tls-auth-clients': 'no',
            'tls-replication': 'yes',
          }),
      ...(this.socketPath === undefined ? {} : { unixsocket: quoted('redis.sock') }),
      ...(this.password === undefined ? {} : { requirepass: JSON.stringify(this.password) }),
      bind: HOST,
      dir: quoted('.'),
      save: '',
      appendonly: 'no',
      daemonize: 'no',
      logfile: '',
      // A primary otherwise waits five seconds for more replicas before it feeds the first.
      'repl-diskless-sync-delay': '0',
    };
  }

  async #connect(): Promise<void> {
    const tls = this.ca === undefined ? undefined : { ca: this.ca };
    this.#connection = new RespConnection({ host: HOST, port: this.#port }, tls);
    if (this.password !== undefined) await this.#send(['AUTH', this.password]);
  }

  async #send(args: readonly string[]): Promise<Reply> {
    if (!this.#connection) throw new Error('The Redis server is not running.');
    const name = statName(args);
    const reply = await this.#connection.send(args);
    // The server forgets what came before a RESETSTAT, and counts the RESETSTAT.
    if (name === 'config|resetstat') this.#own.clear();
    this.#own.set(name, (this.#own.get(name) ?? 0) + 1);
    return reply;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
    if (this.#child) await terminate(this.#child, signal);
  }
}

/** Starts a Redis server on a free port of the loopback; it ends with this process at the latest. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const server = new RedisServer(options);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Starts a replica of `primary`, and waits until it follows. */
export async function startReplica(primary: RedisServer, options: RedisOptions = {}): Promise<RedisServer> {
  const { password } = primary;
  const replica = await startRedis({
    ...(password === undefined ? {} : { password }),
    tls: primary.ca !== undefined,
    ...options,
    config: {
      replicaof: `${primary.host} ${primary.port}`,
      ...(password === undefined ? {} : { masterauth: JSON.stringify(password) }),
      ...options.config,
    },
  });
  await waitFor(`the replica on port ${replica.port} to follow`, async () => {
    const info = parseInfo(String(await replica.cli('INFO', 'replication')));
    return info.get('master_link_status') === 'up';
  });
  return replica;
}

/**
 * Waits until the replicas of a master have acknowledged all that it had accepted when this was called. They do so
 * once a second.
 */
export async function replicated(master: RedisServer): Promise<void> {
  const view = async (): Promise<Map<string, string>> => parseInfo(String(await master.cli('INFO', 'replication')));
  const target = Number((await view()).get('master_repl_offset'));
  await waitFor('the replicas to catch up', async () => {
    const replicas = [...(await view())].filter(([name]) => /^slave\d+$/.test(name));
    return replicas.length > 0 && replicas.every(([, text]) => Number(/offset=(\d+)/.exec(text)?.[1]) >= target);
  });
}
