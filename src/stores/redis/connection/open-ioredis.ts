import type { IoredisLike } from '../clients/shapes.ts';
import { IoredisDriver } from '../clients/ioredis.ts';
import { isLoginRefusal, isServerReply } from '../errors.ts';
import type { NormalizedRedisOptions } from '../options.ts';
import type { ConnectionEvents, SubscribableConnection } from './connection.ts';

interface IoredisClient extends IoredisLike {
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: string, listener: (error: unknown) => void): unknown;
  subscribe(channel: string): Promise<unknown>;
  quit(): Promise<unknown>;
  disconnect(): void;
}

/** The members that are used of the package `ioredis`. */
export interface IoredisModule {
  readonly Redis: new (options: object) => IoredisClient;
}

/** Opens a connection with ioredis. */
export function openIoredis(
  library: IoredisModule,
  options: NormalizedRedisOptions,
  events: ConnectionEvents,
): SubscribableConnection {
  const client = new library.Redis(ioredisOptions(options));
  const lost = (error: unknown): void => events.lost(error);
  client.on('error', lost);
  client.on('close', () => lost(new Error('The connection was closed')));
  // Without its ready check, ioredis is ready before the server has checked the password.
  client.on('ready', () => {
    client.ping().then(
      () => events.ready(),
      (error: unknown) => {
        if (isServerReply(error) && !isLoginRefusal(error)) events.ready();
        else lost(error);
      },
    );
  });
  return {
    driver: new IoredisDriver(client, false),
    async subscribe(channel, listener) {
      client.on('message', (_channel: string, message: string) => listener(message));
      await client.subscribe(channel);
    },
    close: async () => void (await client.quit()),
    destroy: () => client.disconnect(),
  };
}

function ioredisOptions(options: NormalizedRedisOptions): object {
  const { unixSocketPath, host, port } = options;
  return {
    ...(unixSocketPath === null ? { host, port } : { path: unixSocketPath }),
    ...(options.tls && { tls: options.tls }),
    db: options.db,
    ...(options.username !== null && { username: options.username }),
    ...(options.password !== null && { password: options.password }),
    connectTimeout: options.socketTimeout * 1000,
    disconnectTimeout: 100,
    enableOfflineQueue: false,
    // These need INFO and CLIENT SETINFO, which a careful ACL forbids.
    enableReadyCheck: false,
    disableClientInfo: true,
    // `ManagedConnection` reconnects, with a new client.
    retryStrategy: null,
  };
}
