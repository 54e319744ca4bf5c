import type { EventEmitter } from 'node:events';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { driverFor } from '../../../src/stores/redis/clients/client.ts';
import { ResilientDriver } from '../../../src/stores/redis/connection/resilient-driver.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { kinds, startCluster, type Connected } from './clients.ts';

/** Client libraries write a command a moment after they were given it: what if the connection is lost meanwhile? */
describe.each(kinds)('$name', (kind) => {
  const sockets = new Set<Socket>();
  const remember = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  let server: RedisServer;
  let given: Connected;
  let driver: ResilientDriver;

  beforeAll(async () => {
    server = await (kind.cluster ? startCluster() : startRedis());
    subscribe('net.client.socket', remember);
    given = await kind.connect(server);
    driver = new ResilientDriver(driverFor(given.client), { timeout: 1 });
  });

  beforeEach(async () => {
    await waitFor('the connection', () => driver.ping().then(() => true));
  });

  afterAll(async () => {
    unsubscribe('net.client.socket', remember);
    await driver?.close();
    await given?.end();
    await server?.stop();
  });

  test('a command whose connection is lost before it is written gets no reply but its own, and the client recovers', async () => {
    await server.cli('HSET', 'session', 'field', 'value');
    const readings = [1, 2, 3].map(() => driver.hgetall('session', false));
    for (const socket of sockets) if (socket.remotePort === server.port) socket.destroy(new Error('Connection lost'));
    for (const reading of await Promise.allSettled(readings)) {
      if (reading.status === 'fulfilled') expect({ ...reading.value }).toEqual({ field: 'value' });
      else
        expect(reading.reason).toMatchObject({
          code: expect.stringMatching(/^ERR_SESSION_STORE_(?:UNAVAILABLE|TIMEOUT)$/),
        });
    }
    await waitFor('the connection', () => driver.ping().then(() => true));
    expect({ ...(await driver.hgetall('session', false)) }).toEqual({ field: 'value' });
  });

  test('commands that wait while another connection of the client is lost do not silence their own', async () => {
    await server.cli('HSET', 'session', 'field', 'value');
    const readings = [1, 2, 3].map(() => driver.hgetall('session', false));
    (given.client as unknown as EventEmitter).emit('node-error', new Error('Another connection was lost'));
    await Promise.allSettled(readings);
    const reading = await waitFor('an answer', () => driver.hgetall('session', false));
    expect({ ...reading }).toEqual({ field: 'value' });
  });
});
