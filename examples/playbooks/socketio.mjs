// The playbook of sockets, by Socket.IO's client.
import { once } from 'node:events';
import { io } from 'socket.io-client';
import { socketSteps } from './sockets.mjs';

async function connect(origin, extraHeaders) {
  const socket = io(origin, { transports: ['websocket'], extraHeaders, reconnection: false, forceNew: true });
  const closed = once(socket, 'disconnect');
  try {
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
  } catch (error) {
    socket.close();
    throw error;
  }
  return {
    closed,
    ask: async (type, ...args) => await socket.timeout(5000).emitWithAck(type, ...args),
    close: () => void socket.close(),
  };
}

export default socketSteps(connect);
