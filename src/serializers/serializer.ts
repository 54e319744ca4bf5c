import type { Stored } from '../stores/store.ts';

/** Where a value is kept. */
export interface SerializerContext {
  /** The field's name in the store. */
  readonly field: string;
  /** The handle of the session. */
  readonly handle: string;
  /** The `schemaVersion` that the value was stored under, where there was one. */
  readonly version?: number;
}

/**
 * Turns one field's value into what the store keeps, and back. Synchronous. Applied per field, so that
 * concurrent requests merge.
 */
export interface Serializer {
  serialize(value: unknown, context: SerializerContext): Stored;
  /**
   * Receives a string when `serialize` returns strings, and a `Uint8Array` when it returns bytes. Throws
   * when the stored form is not its own: the record then counts as corrupt.
   */
  deserialize(stored: Stored, context: SerializerContext): unknown;
  /**
   * Throws what `serialize` would throw for a value that is about to be set, so that the error comes from the line that
   * sets it. Without it the commit finds out, as it does for what is changed inside a value afterwards.
   */
  check?(value: unknown, field: string): void;
  /** True when a stored value is valid only under its own handle: a rotation then serialises again. */
  readonly boundToHandle?: boolean;
  /**
   * Returns a stable form of a value, to find nested changes by. Needed only where `serialize` returns another
   * result each time, as encryption does.
   */
  stableForm?(value: unknown, context: SerializerContext): Stored;
}
