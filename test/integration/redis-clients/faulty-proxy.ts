import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A network between a client and a server that can lose connections without closing either end. */
export class FaultyProxy {
  readonly #server: Server;
  readonly #links = new Map<Socket, Socket>();
  /** Connections that were accepted. */
  accepted = 0;
  #silent = false;

  private constructor(target: number) {
    this.#server = createServer((near) => this.#link(near, target));
  }

  static async to(port: number): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What is connected now receives nothing more, and does not learn that it is cut off. */
  blackHole(): void {
    for (const [near, far] of this.#links) {
      near.unpipe(far);
      near.resume();
      far.unpipe(near);
      far.destroy();
    }
  }

  /** New connections are accepted and left without an answer. */
  set silent(value: boolean) {
    this.#silent = value;
  }

  close(): void {
    this.#server.close();
    for (const [near, far] of this.#links) {
      near.destroy();
      far.destroy();
    }
  }

  #link(near: Socket, target: number): void {
    this.accepted += 1;
    const far = connect(target, '127.0.0.1');
    this.#links.set(near, far);
    near.on('error', () => {}).on('close', () => far.destroy());
    far.on('error', () => {});
    if (this.#silent) near.resume();
    else near.pipe(far).pipe(near, { end: false });
  }
}
