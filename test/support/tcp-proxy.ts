import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

/** Where a trap cuts a connection: before the request that springs it has arrived, or once it is answered. */
export type CutPoint = 'request' | 'reply';

interface Trap {
  readonly at: CutPoint;
  readonly pattern: string;
  readonly sprung: () => void;
}

interface Hold {
  readonly pattern: string;
  readonly reached: (release: () => void) => void;
}

/** One connection through the proxy. */
class Passage {
  frozen = false;
  /** A request that the trap waits for has passed: its reply gets halfway. */
  doomed: Trap | undefined;
  /** Replies that are held back, and when the last of them is due. */
  readonly late: Buffer[] = [];
  dueAt = 0;
  readonly inner: Socket;
  readonly outer: Socket;

  constructor(inner: Socket, outer: Socket) {
    this.inner = inner;
    this.outer = outer;
  }

  cut(): void {
    this.frozen = false;
    this.inner.resetAndDestroy();
    this.outer.resetAndDestroy();
  }
}

/** A network between a client and its server that a test can break in the ways in which networks break. */
export class TcpProxy {
  readonly host: string = '127.0.0.1';
  #target: ProxyTarget;
  readonly #server: Server;
  readonly #passages = new Set<Passage>();
  #port = 0;
  #trap: Trap | undefined;
  #hold: Hold | undefined;
  #delay = 0;
  #silent = false;
  #prefix = '';
  #accepted = 0;

  constructor(target: ProxyTarget) {
    this.#target = target;
    this.#server = createServer((inner) => this.#open(inner));
  }

  async start(): Promise<void> {
    this.#server.listen(this.#port, this.host);
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `redis://${this.host}:${this.#port}`;
  }

  /** Leads new connections to another server; those that are open stay where they are. */
  redirect(target: ProxyTarget): void {
    this.#target = target;
  }

  /** How many connections it has accepted. */
  get accepted(): number {
    return this.#accepted;
  }

  /** How many connections are open, as far as their ends know. */
  get connections(): number {
    return this.#passages.size;
  }

  /** Resets all connections; new ones are let through. */
  cut(): void {
    for (const passage of this.#passages) this.#end(passage);
  }

  /**
   * Cuts the connection on which a request with `pattern` in it is sent next: at `'request'` before the
   * server has it, at `'reply'` when half of the first reply after it has been passed on.
   *
   * @returns A promise that is fulfilled once that has happened.
   */
  cutAt(at: CutPoint, pattern: string): Promise<void> {
    return new Promise((sprung) => {
      this.#trap = { at, pattern, sprung };
    });
  }

  /**
   * Holds back the next request with `pattern` in it.
   *
   * @returns A promise that is fulfilled once that has come, with a function that lets it pass.
   */
  holdAt(pattern: string): Promise<() => void> {
    return new Promise((reached) => {
      this.#hold = { pattern, reached };
    });
  }

  /** Connections that are open stay open and no longer pass anything, as when a firewall has forgotten them. */
  freeze(): void {
    for (const passage of this.#passages) passage.frozen = true;
  }

  /** Freezes what is open, and accepts new connections without passing anything, until `heal`. */
  partition(): void {
    this.#silent = true;
    this.freeze();
  }

  /** Ends a partition. What it swallowed is lost, so connections of its time are reset. */
  heal(): void {
    this.#silent = false;
    for (const passage of this.#passages) if (passage.frozen) this.#end(passage);
  }

  /** Sends this ahead of the next chunk from the server, as if it were one reply more. */
  prepend(reply: string): void {
    this.#prefix = reply;
  }

  /** Holds back every chunk from the server for so many milliseconds. */
  delay(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  async close(): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #end(passage: Passage): void {
    this.#passages.delete(passage);
    passage.cut();
  }

  #open(inner: Socket): void {
    this.#accepted += 1;
    const outer = connect(this.#target);
    const passage = new Passage(inner, outer);
    passage.frozen = this.#silent;
    this.#passages.add(passage);
    inner.on('data', (chunk) => this.#request(passage, chunk));
    outer.on('data', (chunk) => this.#reply(passage, chunk));
    for (const [socket, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('end', () => passage.frozen || other.end());
      // While the passage is frozen, neither end learns that the other has closed.
      socket.on('close', () => {
        if (passage.frozen) return;
        this.#passages.delete(passage);
        other.destroy();
      });
    }
  }

  #request(passage: Passage, chunk: Buffer): void {
    if (passage.frozen) return;
    const hold = this.#hold;
    if (hold !== undefined && chunk.includes(hold.pattern)) {
      this.#hold = undefined;
      passage.inner.pause();
      return hold.reached(() => {
        passage.outer.write(chunk);
        passage.inner.resume();
      });
    }
    const trap = this.#trap;
    if (trap !== undefined && chunk.includes(trap.pattern)) {
      this.#trap = undefined;
      if (trap.at === 'request') {
        this.#end(passage);
        return trap.sprung();
      }
      passage.doomed = trap;
    }
    passage.outer.write(chunk);
  }

  #reply(passage: Passage, chunk: Buffer): void {
    if (passage.frozen) return;
    const { doomed, inner } = passage;
    if (this.#prefix !== '') {
      inner.write(this.#prefix);
      this.#prefix = '';
    }
    if (doomed !== undefined) {
      inner.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => {
        this.#end(passage);
        doomed.sprung();
      });
      return;
    }
    if (this.#delay === 0 && passage.late.length === 0) inner.write(chunk);
    else this.#holdBack(passage, chunk);
  }

  /** What comes later never arrives earlier, also when the delay has become shorter meanwhile. */
  #holdBack(passage: Passage, chunk: Buffer): void {
    const { late, inner } = passage;
    const now = performance.now();
    passage.dueAt = Math.max(passage.dueAt, now + this.#delay);
    late.push(chunk);
    setTimeout(() => {
      const next = late.shift()!;
      if (!passage.frozen && !inner.destroyed) inner.write(next);
    }, passage.dueAt - now);
  }
}

/** Starts a proxy on a free port of the loopback. */
export async function startProxy(target: ProxyTarget): Promise<TcpProxy> {
  const proxy = new TcpProxy(target);
  await proxy.start();
  return proxy;
}
