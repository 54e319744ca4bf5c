import { TextDecoder } from 'node:util';

import type { Stored } from '../store.ts';
import { otherCodec, type OtherCodec, type OtherEncoding } from './other-encodings.ts';
import { isOwnField } from './record.ts';

export type TextEncoding = 'utf-8' | OtherEncoding;
export type EncodingErrors = 'strict' | 'replace' | 'ignore';

const REPLACEMENT = '\uFFFD';

/**
 * Converts stored bytes to text and back. The client libraries decode UTF-8 themselves, fast and with U+FFFD for
 * what is not UTF-8; the bytes are read again and decoded here only where that character turns up.
 */
export class ValueEncoding {
  /** Whether the client must return bytes in any case. */
  readonly needsBytes: boolean;
  readonly #errors: EncodingErrors;
  /** Whether values are bytes for the serializer, too. */
  readonly #binary: boolean;
  readonly #utf8: TextDecoder;
  /** `null` for UTF-8. */
  readonly #other: OtherCodec | null;

  constructor(encoding: TextEncoding, errors: EncodingErrors, binary: boolean) {
    const strict = errors === 'strict';
    this.#errors = errors;
    this.#binary = binary;
    this.#utf8 = new TextDecoder('utf-8', { fatal: strict, ignoreBOM: true });
    this.#other = encoding === 'utf-8' ? null : otherCodec(encoding, strict);
    this.needsBytes = binary || this.#other !== null;
  }

  /** Returns whether the client may have lost something when it decoded these values, so that their bytes have to be read. */
  mayBeLossy(fields: Readonly<Record<string, Stored>>): boolean {
    if (this.#errors === 'replace') return false;
    for (const name in fields) {
      const value = fields[name];
      if (typeof value === 'string' && value.includes(REPLACEMENT)) return true;
    }
    return false;
  }

  /** Decodes values that were read as bytes; `undefined` when that is not possible. */
  decode(fields: Readonly<Record<string, Stored>>): Readonly<Record<string, Stored>> | undefined {
    if (this.#binary) return fields;
    const text: Record<string, Stored> = Object.create(null);
    for (const [name, value] of Object.entries(fields)) {
      try {
        text[name] = typeof value === 'string' ? value : this.#decodeValue(name, value);
      } catch {
        return undefined;
      }
    }
    return text;
  }

  #decodeValue(name: string, value: Uint8Array): string {
    // The store's own fields are always UTF-8.
    if (isOwnField(name)) return this.#utf8.decode(value);
    const text = (this.#other ?? this.#utf8).decode(value);
    return this.#errors === 'ignore' ? text.replaceAll(REPLACEMENT, '') : text;
  }

  encode(value: Stored): Stored {
    return typeof value === 'string' && this.#other !== null ? this.#other.encode(value) : value;
  }
}
