import { isStored, type Stored } from '../../store.ts';
import type { Reply } from '../driver.ts';
import { MisdirectedReplyError } from '../errors.ts';

/** Checks a reply to HGETALL that the client library has made an object of. */
export function checkHash(reply: unknown): Record<string, Stored> {
  if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) throw new MisdirectedReplyError();
  const hash = reply as Record<string, unknown>;
  for (const name in hash) {
    if (!isStored(hash[name]) && Object.hasOwn(hash, name)) throw new MisdirectedReplyError();
  }
  return hash as Record<string, Stored>;
}

/** Checks a reply to a script, all of which reply with an array. */
export function checkScriptReply(reply: unknown): readonly Reply[] {
  if (!Array.isArray(reply)) throw new MisdirectedReplyError();
  return reply as readonly Reply[];
}

/** Converts the arguments of a script for the client libraries, which accept Buffers, but no other `Uint8Array`. */
export function toClientArguments(args: readonly Stored[]): (string | Buffer)[] {
  for (const arg of args) {
    if (typeof arg !== 'string' && !Buffer.isBuffer(arg)) return args.map(toBuffer);
  }
  return args as (string | Buffer)[];
}

function toBuffer(arg: Stored): string | Buffer {
  return typeof arg === 'string' ? arg : Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength);
}
