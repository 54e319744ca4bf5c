import type { Stored } from '../../store.ts';

/** Arguments as the client libraries take them: neither knows a `Uint8Array` that is no Buffer. */
export function asBuffers(args: readonly Stored[]): (string | Buffer)[] {
  for (const arg of args) {
    if (typeof arg !== 'string' && !Buffer.isBuffer(arg)) return args.map(asBuffer);
  }
  return args as (string | Buffer)[];
}

function asBuffer(arg: Stored): string | Buffer {
  return typeof arg === 'string' ? arg : Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength);
}
