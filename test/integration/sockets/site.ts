import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { BUN, startProcess, type NodeProcess } from '../../support/processes.ts';

/** Starts a process of the application; see fixtures/site.mjs. */
export async function startSite(options: object): Promise<NodeProcess> {
  if (!existsSync(new URL('../../../dist/adapters/ws.js', import.meta.url))) {
    throw new Error('The processes run the built package: run `npm run build` first.');
  }
  const env = { SESSION_OPTIONS: JSON.stringify(options) };
  return await startProcess(new URL('./fixtures/site.mjs', import.meta.url), { env });
}

/** Starts a process of an application on Bun, which runs the sources: it reads `paths` of tsconfig.json. */
export async function startBunSite(fixture: 'bun' | 'elysia', options: object): Promise<NodeProcess> {
  const env = { SESSION_OPTIONS: JSON.stringify(options) };
  return await startProcess(new URL(`./fixtures/${fixture}.mjs`, import.meta.url), { env, program: BUN });
}

/** Sends a request; returns the session's cookie that it has set, or else the one that it was sent with. */
export async function send(site: NodeProcess, path: string, cookie = ''): Promise<string> {
  const response = await fetch(site.url + path, { headers: { cookie } });
  if (response.status !== 200 || (await response.text()) !== 'done') throw new Error(`${path}: ${response.status}`);
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
}

/** A socket of either kind, as a test sees it. */
export interface TestSocket {
  readonly owner: string;
  readonly open: boolean;
  /** Resolves with the reason that the server, or the library, names. */
  readonly closed: Promise<string>;
  close(): void;
}

/** Connects with Socket.IO, over WebSockets alone. Rejects with the server's error. */
export async function connectSocketIo(site: NodeProcess, headers: Record<string, string>): Promise<TestSocket> {
  const socket: Socket = io(site.url, {
    transports: ['websocket'],
    extraHeaders: headers,
    reconnection: false,
    forceNew: true,
  });
  const owner = await new Promise<string>((resolve, reject) => {
    socket.once('hello', resolve);
    socket.once('connect_error', (error) => {
      socket.close();
      reject(error);
    });
  });
  const closed = new Promise<string>((resolve) => socket.once('disconnect', resolve));
  return {
    owner,
    closed,
    get open() {
      return socket.connected;
    },
    close: () => void socket.close(),
  };
}

/** Connects with ws. Rejects with the status of the answer. */
export async function connectWs(site: NodeProcess, headers: Record<string, string>): Promise<TestSocket> {
  const socket = new WebSocket(`${site.url.replace('http:', 'ws:')}/ws`, { headers });
  const [owner] = (await once(socket, 'message')) as [Buffer];
  const closed = once(socket, 'close').then(([code, reason]) => `${String(code)} ${String(reason)}`);
  return {
    owner: String(owner),
    closed,
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    close: () => socket.close(),
  };
}
