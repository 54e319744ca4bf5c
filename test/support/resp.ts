import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

/** A reply of the server that says no. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

export type Reply = string | number | null | ReplyError | Reply[];

interface Parsed {
  readonly reply: Reply;
  readonly next: number;
}

/** Reads one RESP2 reply at `start`; nothing when it has not arrived whole. */
function parse(buffer: Buffer, start: number): Parsed | undefined {
  const end = buffer.indexOf('\r\n', start);
  if (end === -1) return undefined;
  const line = buffer.toString('utf8', start + 1, end);
  let next = end + 2;
  switch (buffer.toString('latin1', start, start + 1)) {
    case '+':
      return { reply: line, next };
    case '-':
      return { reply: new ReplyError(line), next };
    case ':':
      return { reply: Number(line), next };
    case '$': {
      const length = Number(line);
      if (length === -1) return { reply: null, next };
      if (buffer.length < next + length + 2) return undefined;
      return { reply: buffer.toString('utf8', next, next + length), next: next + length + 2 };
    }
    case '*': {
      if (line === '-1') return { reply: null, next };
      const replies: Reply[] = [];
      for (let i = 0; i < Number(line); i += 1) {
        const item = parse(buffer, next);
        if (!item) return undefined;
        replies.push(item.reply);
        next = item.next;
      }
      return { reply: replies, next };
    }
    default:
      throw new Error(`Not a RESP2 reply: ${line}`);
  }
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection that sends nothing but the given commands: unlike a real client, it adds no
 * HELLO, no CLIENT SETINFO and no reconnection to what a test observes.
 */
export class RespConnection {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #buffer = Buffer.alloc(0);
  #closed: Error | undefined;

  constructor(target: NetConnectOpts, tls?: ConnectionOptions) {
    this.#socket = tls ? connectTls({ ...target, ...tls }) : connect(target);
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#close(error));
    this.#socket.on('close', () => this.#close(new Error('The connection to Redis is closed.')));
    this.#socket.unref();
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Resolves to the reply, an error reply among them; rejects when the connection fails. */
  async send(args: readonly string[]): Promise<Reply> {
    if (this.#closed) throw this.#closed;
    const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
    this.#socket.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`*${args.length}\r\n${parts.join('')}`);
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#close(new Error('The connection to Redis is closed.'));
  }

  #receive(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    let start = 0;
    for (let parsed = parse(this.#buffer, start); parsed; parsed = parse(this.#buffer, start)) {
      start = parsed.next;
      this.#waiting.shift()?.resolve(parsed.reply);
    }
    this.#buffer = this.#buffer.subarray(start);
    if (this.#waiting.length === 0) this.#socket.unref();
  }

  #close(error: Error): void {
    this.#closed ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
