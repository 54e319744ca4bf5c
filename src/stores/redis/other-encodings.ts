import { TextDecoder } from 'node:util';

/** The encodings of stored text besides UTF-8, for records that other programs write or read. */
export type OtherEncoding = 'utf-16le' | 'latin1';

export const OTHER_ENCODINGS: readonly OtherEncoding[] = ['utf-16le', 'latin1'];

/** Converts between text and stored bytes. */
export interface OtherCodec {
  /** @throws TypeError, when strict, for bytes that are not text */
  decode(bytes: Uint8Array): string;
  encode(text: string): Uint8Array;
}

/**
 * Returns the codec of an encoding.
 * @param strict - Whether bytes that are not text throw, instead of becoming U+FFFD.
 */
export function otherCodec(encoding: OtherEncoding, strict: boolean): OtherCodec {
  const encode = (text: string): Uint8Array => Buffer.from(text, encoding);
  // The Encoding Standard's latin1 is windows-1252, which is another table; every byte is text in this one.
  if (encoding === 'latin1') return { encode, decode: (bytes) => Buffer.from(bytes).toString('latin1') };
  const decoder = new TextDecoder(encoding, { fatal: strict, ignoreBOM: true });
  return { encode, decode: (bytes) => decoder.decode(bytes) };
}
