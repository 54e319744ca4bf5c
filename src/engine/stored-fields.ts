import type { Serializer, SerializerContext } from '../serializers/serializer.ts';
import type { Stored } from '../stores/store.ts';
import { isStoreField } from './field-names.ts';
import { AsyncSchemaError } from './field-schema.ts';
import { markVersion, splitVersion } from './version-marker.ts';

/** A serializer, perhaps one that validates fields by the application's schemas. */
export interface FieldSerializer extends Serializer {
  /**
   * Returns whether a stored value of the field may turn out to be none: `deserialize` returns `undefined` then, and
   * the field is absent. Without it no value is.
   */
  validates?(field: string): boolean;
  /** What is behind a serializer that validates. */
  readonly inner?: Serializer;
}

/** A serialised value, `undefined` for none, and the handle under which it was serialised. */
export interface SerializedField {
  readonly stored: Stored | undefined;
  readonly handle: string;
}

/** Thrown for a stored value that its serializer refuses. */
export class UnreadableField extends Error {}

const NO_FIELDS: Readonly<Record<string, Stored>> = Object.freeze(Object.create(null) as Record<string, Stored>);
const ABSENT: SerializedField = { stored: undefined, handle: '' };

/**
 * The fields of one session as the store has them, as far as the request knows: as they were loaded, and what the
 * request has stored since. All names are the store's.
 */
export class StoredFields {
  protected readonly serializer: FieldSerializer;
  #loaded: Readonly<Record<string, Stored>> = NO_FIELDS;
  /** Code units or bytes of the names and values in `#loaded`, or a few more; `undefined` until they are counted. */
  #loadedLength: number | undefined = 0;
  /** What earlier commits of this request changed in `#loaded`. */
  #committedChanges: Map<string, SerializedField> | undefined;
  /** The handle under which `#loaded` was serialised. */
  #handle = '';

  constructor(serializer: FieldSerializer) {
    this.serializer = serializer;
  }

  /** The handle of the record that was loaded last; empty before. */
  protected get handle(): string {
    return this.#handle;
  }

  /** Sets what is stored now. */
  protected setLoaded(loaded: Readonly<Record<string, Stored>>, handle: string, length: number | undefined): void {
    this.#loaded = loaded;
    this.#loadedLength = length;
    this.#handle = handle;
    this.#committedChanges = undefined;
  }

  /** Records that the request has stored a field. */
  protected markStored(name: string, stored: Stored, handle: string): void {
    (this.#committedChanges ??= new Map()).set(name, { stored, handle });
  }

  /** Records that the request has deleted a field from the store, or taken it out. */
  protected markRemoved(name: string): void {
    (this.#committedChanges ??= new Map()).set(name, ABSENT);
  }

  protected storedValue(name: string): Stored | undefined {
    if (this.#committedChanges?.has(name) === true) return this.#committedChanges.get(name)!.stored;
    return Object.hasOwn(this.#loaded, name) ? this.#loaded[name] : undefined;
  }

  protected *storedNames(): Generator<string> {
    for (const name of Object.keys(this.#loaded)) {
      if (this.#committedChanges?.has(name) !== true) yield name;
    }
    if (this.#committedChanges === undefined) return;
    for (const [name, { stored }] of this.#committedChanges) if (stored !== undefined) yield name;
  }

  /** Returns the serialised form as it is stored, for a comparison at the store. */
  serialized(name: string): SerializedField {
    return this.#committedChanges?.get(name) ?? { stored: this.storedValue(name), handle: this.#handle };
  }

  /** Calls back with every stored field, as far as this request knows. */
  forEachStored(visit: (name: string, stored: Stored) => void): void {
    const committed = this.#committedChanges;
    for (const name of Object.keys(this.#loaded)) {
      if (committed?.has(name) !== true && !isStoreField(name)) visit(name, this.#loaded[name]!);
    }
    for (const [name, { stored }] of committed ?? []) if (stored !== undefined) visit(name, stored);
  }

  /** Returns the UTF-16 code units of the stored names and values, or a few more. No field is without any. */
  storedLengthAtMost(): number {
    let length = (this.#loadedLength ??= lengthOf(this.#loaded));
    for (const [name, { stored }] of this.#committedChanges ?? []) length += name.length + (stored?.length ?? 0);
    return length;
  }

  serialize(name: string, value: unknown, handle: string): Stored {
    return this.serializer.serialize(value, { field: name, handle });
  }

  /** Parses a serialised value of a field. */
  parse(name: string, stored: Stored, handle: string): unknown {
    // The result may share memory with the input, and be changed in place.
    const own = typeof stored === 'string' ? stored : Buffer.from(stored);
    const context = { field: name, handle };
    try {
      return this.serializer.deserialize(own, context);
    } catch (error) {
      // What a factory with schemas has stored is read without them, too: an application may go back.
      const { version, body } = splitVersion(own);
      if (version === 0 || this.serializer.validates !== undefined) throw error;
      return this.serializer.deserialize(body, { ...context, version });
    }
  }

  /** @throws {UnreadableField} when the serializer refuses the value. */
  protected parseStored(name: string, stored: Stored): unknown {
    try {
      return this.parse(name, stored, this.serialized(name).handle);
    } catch (cause) {
      // A schema that is no schema is a mistake of the program, and no fault of the record.
      if (cause instanceof AsyncSchemaError) throw cause;
      throw unreadable(cause);
    }
  }

  /** Returns a stored value under another handle, as old as it is: what is only moved is neither migrated nor validated. */
  protected reserialize(name: string, stored: Stored, handle: string): Stored {
    const serializer = this.serializer.inner ?? this.serializer;
    const { version, body } = splitVersion(stored);
    const at = (where: string): SerializerContext => ({ field: name, handle: where, ...(version > 0 && { version }) });
    let value: unknown;
    try {
      value = serializer.deserialize(body, at(this.serialized(name).handle));
    } catch (cause) {
      throw unreadable(cause);
    }
    return markVersion({ version, body: serializer.serialize(value, at(handle)) });
  }

  /** Returns what becomes of a stored value that is read and written again, unchanged. */
  protected roundTrip(name: string, stored: Stored): Stored {
    return this.serialize(name, this.parseStored(name, stored), this.#handle);
  }
}

function lengthOf(fields: Readonly<Record<string, Stored>>): number {
  let length = 0;
  // By far the fastest way through an object, and not all that it finds has to be a field.
  for (const name in fields) length += name.length + fields[name]!.length;
  return length;
}

function unreadable(cause: unknown): UnreadableField {
  return new UnreadableField('A stored field cannot be read', { cause });
}
