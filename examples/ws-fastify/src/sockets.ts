import websocket, { type WebSocket } from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import type { Session } from 'websauna-session';
import { upgradeSession } from 'websauna-session/ws';
import { factory } from './session.js';

declare module 'fastify' {
  interface FastifyRequest {
    socketSession: Session | null;
  }
}

interface Message {
  type: 'whoami' | 'draft';
  text?: string;
}

/** Sockets for those who are logged in, until they are not any longer. */
export async function sockets(app: FastifyInstance): Promise<void> {
  await app.register(websocket);
  app.decorateRequest('socketSession', null);
  app.get(
    '/socket',
    {
      websocket: true,
      async preValidation(request, reply) {
        request.socketSession = await upgradeSession(factory, request.raw);
        if (request.socketSession === null) await reply.code(401).send();
      },
    },
    (socket, request) => {
      const session = request.socketSession!;
      session.onEnd(() => socket.close(4401, 'Logged out'));
      socket.on('message', (data: Buffer) => void answer(socket, session, JSON.parse(String(data)) as Message));
    },
  );
}

async function answer(socket: WebSocket, session: Session, { type, text = '' }: Message): Promise<void> {
  if (type === 'whoami') return socket.send(JSON.stringify(session.owner));
  session.set('draft', text);
  try {
    await session.save(); // nothing else commits it
    socket.send(JSON.stringify('saved'));
  } catch {
    socket.send(JSON.stringify('failed'));
  }
}
