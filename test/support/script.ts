import { createHash } from 'node:crypto';
import type { Script } from '../../src/stores/redis/driver.ts';

/** A Lua script as drivers take it. */
export function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
