import { createHash } from 'node:crypto';
import type { Script } from '../../src/stores/redis/driver.ts';

const source = "return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])";

/** Sets a field of a hash: a script that needs no session. */
export const WRITE: Script = { source, sha: createHash('sha1').update(source).digest('hex') };
