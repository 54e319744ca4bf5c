import type { Stored } from '../stores/store.ts';

// A field that is stored under a `schemaVersion` begins with `@<version>:`. No serializer of the library writes
// that by itself, so what has no marker is of version 0.
const MARKER = /^@(\d{1,9}):/;
/** As many bytes as the longest marker has. */
const MAX_MARKER_BYTES = 11;
const AT = 0x40;

export interface MarkedValue {
  /** 0 where there is no marker. */
  readonly version: number;
  readonly body: Stored;
}

/** Returns a stored value as its version and what the serializer wrote. */
export function splitVersion(stored: Stored): MarkedValue {
  const isMarked = typeof stored === 'string' ? stored.charCodeAt(0) === AT : stored[0] === AT;
  if (!isMarked) return { version: 0, body: stored };
  const head =
    typeof stored === 'string' ? stored : Buffer.from(stored.subarray(0, MAX_MARKER_BYTES)).toString('latin1');
  const marker = MARKER.exec(head);
  if (marker === null) return { version: 0, body: stored };
  const { length } = marker[0];
  return {
    version: Number(marker[1]),
    body: typeof stored === 'string' ? stored.slice(length) : stored.subarray(length),
  };
}

export function markVersion({ version, body }: MarkedValue): Stored {
  if (version === 0) return body;
  const marker = `@${version}:`;
  return typeof body === 'string' ? marker + body : Buffer.concat([Buffer.from(marker), body]);
}
