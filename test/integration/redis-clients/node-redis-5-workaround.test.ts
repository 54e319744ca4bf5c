import type { EventEmitter } from 'node:events';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { driverFor } from '../../../src/stores/redis/clients/detect.ts';
import { ResilientDriver } from '../../../src/stores/redis/connection/resilient-driver.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { script } from '../../support/script.ts';
import { waitFor } from '../../support/wait-for.ts';
import { kinds, selecting, startCluster, type Connected } from './clients.ts';

const COUNT = script("return {redis.call('HINCRBY', KEYS[1], 'counter', 1)}");

// Client libraries write a command a moment after they were given it, and the connection can be lost meanwhile.
describe.each([...kinds, ...selecting])('$name', (kind) => {
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

  async function fill(): Promise<void> {
    await server.cli('SELECT', String(kind.database ?? 0));
    await server.cli('HSET', 'session', 'field', 'value');
  }

  function loseConnections(): void {
    for (const socket of sockets) if (socket.remotePort === server.port) socket.destroy(new Error('Connection lost'));
  }

  test('a write that is not written when its connection is lost is not acknowledged unless it happened', async () => {
    await fill();
    await server.cli('DEL', 'written');
    // The server knows the script, so that nothing is sent twice.
    await server.cli('SCRIPT', 'LOAD', COUNT.source);
    const writing = [1, 2, 3].map(() => driver.evaluate(COUNT, ['written'], [], false));
    loseConnections();
    const replies = await Promise.allSettled(writing);
    await waitFor('the connection', () => driver.ping().then(() => true));
    const acknowledged = replies.flatMap((reply) => (reply.status === 'fulfilled' ? [reply.value] : []));
    expect(acknowledged).toEqual(acknowledged.map((_, index) => [index + 1]));
    expect(Number(await server.cli('HGET', 'written', 'counter'))).toBeGreaterThanOrEqual(acknowledged.length);
  });

  test('a command that is not written when its connection is lost gets no reply but its own', async () => {
    await fill();
    const readings = [1, 2, 3].map(() => driver.hgetall('session', false));
    loseConnections();
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

  test('commands that are queued when another connection of the client is lost do not block their own', async () => {
    await fill();
    const readings = [1, 2, 3].map(() => driver.hgetall('session', false));
    (given.client as unknown as EventEmitter).emit('node-error', new Error('Another connection was lost'));
    await Promise.allSettled(readings);
    const reading = await waitFor('an answer', () => driver.hgetall('session', false));
    expect({ ...reading }).toEqual({ field: 'value' });
  });
});
