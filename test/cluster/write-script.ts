import { script } from '../support/script.ts';

/** Sets a field of a hash: a script that needs no session. */
export const WRITE = script("return {redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])}");
