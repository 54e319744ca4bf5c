import type { Server as HttpServer } from 'node:http';
import { Server, type DefaultEventsMap } from 'socket.io';
import { socketSessions, type SocketData } from 'websauna-session/socketio';
import { factory } from './session.js';

interface ClientEvents {
  whoami(reply: (owner: string | null) => void): void;
  draft(text: string, reply: (outcome: 'saved' | 'failed') => void): void;
}

/** Sockets for those who are logged in, until they are not any longer. */
export function serveSockets(server: HttpServer): void {
  const io = new Server<ClientEvents, DefaultEventsMap, DefaultEventsMap, SocketData>(server);
  io.use(socketSessions(factory));
  io.on('connection', (socket) => {
    const { session } = socket.data;
    socket.on('whoami', (reply) => reply(session.owner));
    socket.on('draft', async (text, reply) => {
      session.set('draft', text);
      try {
        await session.save(); // nothing else commits it
        reply('saved');
      } catch {
        reply('failed');
      }
    });
  });
}
