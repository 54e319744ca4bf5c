import { afterAll, beforeAll } from 'vitest';
import { RedisStore } from 'websauna-session/redis';
import { driverFor } from '../../src/stores/redis/clients/detect.ts';
import { ValueEncoding } from '../../src/stores/redis/encoding.ts';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { SteppedDriver } from '../support/stepped-driver.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';

/** A cluster for the tests of a file, and drivers to it that can be stopped between two steps. */
export class SteppedCluster {
  #cluster: RedisCluster | undefined;
  #given: GivenClient | undefined;

  constructor() {
    beforeAll(async () => {
      this.#cluster = await startCluster({ replicas: 0 });
      this.#given = await CLUSTER_CLIENTS['node-redis 6']!(this.#cluster);
    });
    afterAll(async () => {
      await this.#given?.close();
      await this.#cluster?.stop();
    });
  }

  /** Runs a command on the master that has the key. */
  cli(key: string, ...args: string[]): Promise<unknown> {
    return this.#cluster!.cli(key, ...args);
  }

  driver(): SteppedDriver {
    return new SteppedDriver(driverFor(this.#given!.client));
  }
}

export function storeOver(
  driver: SteppedDriver,
  prefix: string,
  encoding: ValueEncoding = new ValueEncoding('utf-8', 'strict', false),
): RedisStore {
  return new RedisStore(driver, prefix, encoding, null);
}
