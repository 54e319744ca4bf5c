import { TextDecoder } from 'node:util';

import type { Stored } from '../store.ts';
import { isOwnField } from './record.ts';

export type TextEncoding = 'utf-8' | 'utf-16le' | 'latin1';
export type EncodingErrors = 'strict' | 'replace' | 'ignore';

const REPLACEMENT = '\uFFFD';
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * How stored bytes become text. The client libraries decode UTF-8 themselves, fast and with U+FFFD for
 * what is not UTF-8; only where that character turns up are the bytes read again and looked at.
 */
export class ValueEncoding {
  /** Must the client hand out bytes in any case? */
  readonly needsBytes: boolean;
  readonly #encoding: TextEncoding;
  readonly #errors: EncodingErrors;
  /** Values are bytes for the serializer too. */
  readonly #binary: boolean;

  constructor(encoding: TextEncoding, errors: EncodingErrors, binary: boolean) {
    this.#encoding = encoding;
    this.#errors = errors;
    this.#binary = binary;
    this.needsBytes = binary || encoding !== 'utf-8';
  }

  /** Does text that the client decoded need a second look at its bytes? */
  doubts(fields: Readonly<Record<string, Stored>>): boolean {
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
    const decoder = new TextDecoder(this.#encoding, { fatal: this.#errors === 'strict', ignoreBOM: true });
    const text: Record<string, Stored> = Object.create(null);
    for (const [name, value] of Object.entries(fields)) {
      try {
        text[name] = typeof value === 'string' ? value : this.#decodeValue(decoder, name, value);
      } catch {
        return undefined;
      }
    }
    return text;
  }

  #decodeValue(decoder: TextDecoder, name: string, value: Uint8Array): string {
    // The store's own fields are UTF-8 whatever the values are.
    if (isOwnField(name)) return this.#errors === 'strict' ? UTF8.decode(value) : Buffer.from(value).toString();
    // The Encoding Standard's latin1 is windows-1252, which is another table.
    if (this.#encoding === 'latin1') return Buffer.from(value).toString('latin1');
    const text = decoder.decode(value);
    return this.#errors === 'ignore' ? text.replaceAll(REPLACEMENT, '') : text;
  }

  encode(value: Stored): Stored {
    if (typeof value !== 'string' || this.#encoding === 'utf-8') return value;
    return Buffer.from(value, this.#encoding);
  }
}
