import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { RedisServer } from './redis-server.ts';

/** A line of MONITOR: when, the database, who, the command. */
const LINE = /^\+[\d.]+ \[\d+ (\S+)\] "([^"]*)"(?: "([^"]*)")?/;

/** What clients send to a Redis server, as it sees them: one name for each round trip. */
export class CommandWatch {
  readonly #server: RedisServer;
  readonly #socket: Socket;
  #rest = '';
  #sent: string[] = [];
  #mark: { readonly name: string; readonly seen: () => void } | undefined;

  private constructor(server: RedisServer) {
    this.#server = server;
    this.#socket = connect(server.port, server.host);
    this.#socket.setEncoding('utf8').on('data', (chunk: string) => this.#receive(chunk));
  }

  static async start(server: RedisServer): Promise<CommandWatch> {
    const watch = new CommandWatch(server);
    watch.#socket.write('MONITOR\r\n');
    await once(watch.#socket, 'data');
    return watch;
  }

  /**
   * The commands since the last call, in lower case and in the order of the server. What a script calls costs
   * no round trip and is left out.
   */
  async take(): Promise<string[]> {
    const name = randomUUID();
    const seen = new Promise<void>((resolve) => (this.#mark = { name, seen: resolve }));
    // The server reports commands in the order in which it runs them: what came before this is here by then.
    await this.#server.cli('ECHO', name);
    await seen;
    return this.#sent.splice(0);
  }

  stop(): void {
    this.#socket.destroy();
  }

  #receive(chunk: string): void {
    const lines = (this.#rest + chunk).split('\r\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, client, command = '', argument] = LINE.exec(line) ?? [];
      if (client === undefined || client === 'lua') continue;
      if (argument !== undefined && argument === this.#mark?.name) this.#mark.seen();
      else this.#sent.push(command.toLowerCase());
    }
  }
}
