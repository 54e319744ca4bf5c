// Socket.IO itself, with clients of its own; several processes are tried in test/integration/sockets.
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { expect, test, vi } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { socketSessions, type SocketData, type SocketSessionOptions } from 'websauna-session/socketio';
import { Jar, visit } from '../support/visit.ts';
import { listen } from './support/listen.ts';

type Connect = (headers?: Record<string, string>) => Promise<Socket>;

/** Runs `act` with a server; a connection that is refused rejects with what the client is told. */
async function serve(
  factory: SessionFactory,
  options: SocketSessionOptions<SocketData['session']>,
  act: (connect: Connect) => Promise<void>,
): Promise<void> {
  const server = createServer();
  const sockets = new Server(server, { transports: ['websocket'] });
  sockets.use(socketSessions(factory, options));
  sockets.on('connection', (socket) => socket.emit('owner', (socket.data as SocketData).session.owner));
  const clients: Socket[] = [];
  try {
    await listen(server, async (port) => {
      await act(async (extraHeaders = {}) => {
        const client = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false, extraHeaders });
        clients.push(client);
        return await new Promise((resolve, reject) => {
          client.on('owner', () => resolve(client));
          client.on('connect_error', reject);
        });
      });
      for (const client of clients) client.close();
      await sockets.close();
    });
  } finally {
    for (const client of clients) client.close();
  }
}

function newFactory(): SessionFactory {
  return createSessionFactory({ secret: 'nothing that a site may use, but long enough' });
}

async function cookieOf(factory: SessionFactory, owner: string): Promise<string> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login(owner));
  return jar.header!;
}

test('a client is told by a code whether its session is missing or its page is of another site', async () => {
  const factory = newFactory();
  const cookie = await cookieOf(factory, 'alice');
  await serve(factory, {}, async (connect) => {
    await expect(connect()).rejects.toMatchObject({ data: { code: 'ERR_SESSION_REQUIRED' } });
    const origin = 'https://other.example';
    await expect(connect({ cookie, origin })).rejects.toMatchObject({ data: { code: 'ERR_SESSION_ORIGIN' } });
    expect((await connect({ cookie })).connected).toBe(true);
  });
});

test('a client learns nothing of what the application throws', async () => {
  const factory = newFactory();
  const cookie = await cookieOf(factory, 'alice');
  const thrown: unknown[] = [
    new Error('the password of the database'),
    Object.assign(new Error('x'), { code: 'EIO' }),
    null,
  ];
  const require = (): boolean => {
    throw thrown.shift();
  };
  await serve(factory, { require }, async (connect) => {
    for (let i = 0; i < 3; i++) {
      await expect(connect({ cookie })).rejects.toMatchObject({
        message: 'The session cannot be opened',
        data: { code: 'ERR_SESSION' },
      });
    }
  });
});

test('the end of a login disconnects its socket; one without a session stays', async () => {
  const factory = newFactory();
  const cookie = await cookieOf(factory, 'alice');
  await serve(factory, { require: false }, async (connect) => {
    const [own, stranger] = [await connect({ cookie }), await connect()];
    const closed = new Promise((resolve) => own.on('disconnect', resolve));
    await factory.owners.revoke('alice');
    await closed;
    await vi.waitFor(() => expect(own.connected).toBe(false));
    expect(stranger.connected).toBe(true);
  });
});
