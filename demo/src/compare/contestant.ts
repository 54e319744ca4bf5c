import { randomBytes } from 'node:crypto';
import type { Express } from 'express';
import { createClient } from 'redis';
import { MemoryStore } from 'websauna-session/memory';
import { createApp as createPeerApp, createStore } from '../../apps/express-session.js';
import { createApp as createOwnApp, createFactory } from '../../apps/websauna-session.js';
import { CommandCount } from './command-count.ts';
import type { SlowWork } from './gates.ts';

export type ContestantName = 'express-session' | 'websauna-session';

/** A small application on one of the packages that are compared. */
export interface Contestant {
  readonly name: ContestantName;
  readonly app: Express;
  readonly commands: CommandCount;
  /** Takes what the package has reported about lost changes. */
  takeReports(): string[];
  close(): void;
}

/** @param redisUrl - Where both keep their sessions; without it, each keeps them in its store in memory. */
export function createContestants(slowWork: SlowWork, redisUrl: string | undefined): readonly Contestant[] {
  const secret = randomBytes(32).toString('base64url');
  return [createPeer(secret, slowWork, redisUrl), createOwn(secret, slowWork, redisUrl)];
}

function createPeer(secret: string, slowWork: SlowWork, redisUrl: string | undefined): Contestant {
  const commands = new CommandCount();
  const connection = connect(redisUrl, commands);
  const client = connection?.client ?? null;
  const store = createStore(client);
  if (client === null) commands.watchCalls(store, ['get', 'set', 'touch', 'destroy']);
  const app = createPeerApp({ store, secret, slowWork });
  return { name: 'express-session', app, commands, takeReports: () => [], close: () => connection?.close() };
}

function createOwn(secret: string, slowWork: SlowWork, redisUrl: string | undefined): Contestant {
  const commands = new CommandCount();
  const connection = connect(redisUrl, commands);
  const client = connection?.client ?? null;
  const store = commands.watchCalls(new MemoryStore(), ['load', 'create', 'save', 'rekey', 'take', 'destroy']);
  const factory = createFactory({ client, store, secret });
  const reports: string[] = [];
  factory.on('discarded', ({ reason }) => reports.push(`discarded (${reason})`));
  const app = createOwnApp({ factory, slowWork });
  const close = (): void => {
    connection?.close();
    void factory.close();
  };
  return { name: 'websauna-session', app, commands, takeReports: () => reports.splice(0), close };
}

interface Connection {
  readonly client: object;
  close(): void;
}

/** Each has a connection of its own, so that its commands can be told apart. */
function connect(url: string | undefined, commands: CommandCount): Connection | undefined {
  if (url === undefined) return undefined;
  const client = createClient({ url, disableOfflineQueue: true });
  const stopCounting = commands.watchClient(client._clientId);
  // Without a connection commands fail, and that is what visitors are told. It comes back by itself.
  client.on('error', () => {});
  void client.connect().catch(() => {});
  const close = (): void => {
    stopCounting();
    client.destroy();
  };
  return { client, close };
}
