// `X-Forwarded-For` and `X-Forwarded-Proto`. Every proxy adds at the right what it saw itself; what
// stands further left may have been sent by the client. So entries are counted from the right, one for
// each proxy that the application trusts.

/**
 * Returns the client's address: the entry that the outermost trusted proxy added. `null` when a proxy wrote
 * something that is no address, such as `unknown`: the entry beside it would be another client's.
 *
 * @param hops - Trusted proxies; 0 ignores the header.
 * @param peer - The address at the other end of the connection.
 */
export function forwardedFor(header: string | undefined, hops: number, peer: string | null): string | null {
  const entry = entryFromRight(header, hops);
  return entry === undefined ? peer : addressIn(entry);
}

/**
 * Returns whether the client speaks HTTPS to the outermost trusted proxy. When no trusted proxy reports a known scheme,
 * the connection's own state decides.
 *
 * @param hops - Trusted proxies; 0 ignores the header.
 * @param own - Whether our own connection is encrypted.
 */
export function forwardedProto(header: string | undefined, hops: number, own: boolean): boolean {
  const scheme = entryFromRight(header, hops)?.toLowerCase();
  if (scheme === 'https' || scheme === 'wss') return true;
  return scheme === 'http' || scheme === 'ws' ? false : own;
}

/** Returns whether an untrusted proxy reports HTTPS: then `trustProxy` was probably forgotten. */
export function untrustedHttps(header: string | undefined, hops: number, own: boolean): boolean {
  return hops === 0 && !own && header !== undefined && /\bhttps\b/i.test(header);
}

/** Returns the `hops`-th entry from the right, or the leftmost when there are fewer; `undefined` without any. */
function entryFromRight(header: string | undefined, hops: number): string | undefined {
  if (hops < 1 || header === undefined || header.trim() === '') return undefined;
  let end = header.length;
  let comma = header.lastIndexOf(',');
  for (let hop = 1; hop < hops && comma !== -1; hop++) {
    end = comma;
    comma = comma === 0 ? -1 : header.lastIndexOf(',', comma - 1);
  }
  return header.slice(comma + 1, end).trim();
}

const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/;
const IPV6 = /^(?=.{2,45}$)[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3})?$/i;

/** Returns the address in `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1` or `[2001:db8::1]:4711`; `null` for anything else. */
function addressIn(entry: string): string | null {
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(entry)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(entry)?.[1] ?? entry;
  return IPV4.test(bare) || IPV6.test(bare) ? bare : null;
}

/** Returns whether a request of `node:http` came over TLS to this process. A stand-in of one may have no socket. */
export function isEncrypted({ socket }: { readonly socket?: unknown }): boolean {
  return (socket as { encrypted?: boolean } | undefined)?.encrypted === true;
}
