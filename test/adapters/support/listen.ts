import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Runs `act` while a server listens on a free port. */
export async function listen(server: Server, act: (port: number) => Promise<void>): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await act((server.address() as AddressInfo).port);
  } finally {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
}
