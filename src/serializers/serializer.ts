import type { Stored } from '../stores/store.ts';

/** Where a value is kept. */
export interface SerializerContext {
  /** The field's name in the store. */
  readonly field: string;
  /** The handle of the session. */
  readonly handle: string;
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
  /** True when a stored value is valid only under its own handle: a rotation then serialises again. */
  readonly boundToHandle?: boolean;
  /**
   * Returns a stable form of a value, to find nested changes by. Needed only where `serialize` returns another
   * result each time, as encryption does.
   */
  stableForm?(value: unknown, context: SerializerContext): Stored;
}
