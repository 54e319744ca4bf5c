// The playbook of sockets, by the client of ws.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { socketSteps } from './sockets.mjs';

async function connect(origin, headers) {
  const socket = new WebSocket(new URL('/socket', origin.replace('http', 'ws')), { headers });
  await once(socket, 'open');
  return {
    closed: once(socket, 'close'),
    async ask(type, text) {
      socket.send(JSON.stringify({ type, text }));
      const [data] = await once(socket, 'message', { signal: AbortSignal.timeout(5000) });
      return JSON.parse(String(data));
    },
    close: () => socket.close(),
  };
}

export default socketSteps(connect);
