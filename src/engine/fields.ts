import type { RecordChange, Stored } from '../stores/store.ts';
import { fieldName, isStoreField, keyOfField } from './field-names.ts';
import { StoredFields, UnreadableField, type FieldSerializer, type SerializedField } from './stored-fields.ts';

/** What a request did to the fields, serialised. */
export interface FieldChanges {
  readonly set: Map<string, Stored>;
  readonly delete: Set<string>;
}

/**
 * The fields of one session during one request: parsed when first used, and compared at the end with what is stored if
 * they could have been changed in place. All names are the store's.
 */
export class FieldTracker extends StoredFields {
  /** Parsed or written values. */
  readonly #values = new Map<string, unknown>();
  /** Fields whose stored value turned out to be none. */
  #absent: Set<string> | undefined;
  /** Serialised forms to find nested changes by, where the stored form cannot serve. */
  #snapshots: Map<string, Stored> | undefined;
  #written: Set<string> | undefined;
  /** May hold fields that were never stored, of which there is nothing to delete. */
  #deleted: Set<string> | undefined;
  /** How often the request has written so far, and how often it had when its changes were asked for. */
  #writes = 0;
  #writesAtSnapshot = 0;

  // oxlint-disable-next-line eslint/no-useless-constructor -- the implicit one would collect its arguments in an array, for each request
  constructor(serializer: FieldSerializer) {
    super(serializer);
  }

  /** Sets what was loaded. What the request wrote stays; what it read is read again. */
  load(stored: Readonly<Record<string, Stored>>, handle: string, length?: number): void {
    this.setLoaded(stored, handle, length);
    this.#snapshots = undefined;
    this.#absent = undefined;
    for (const name of this.#values.keys()) {
      if (!this.#isSet(name)) this.#values.delete(name);
    }
  }

  /** Sets what is stored now. What the request changed stays, also inside values. */
  reload(stored: Readonly<Record<string, Stored>>, handle: string, length?: number): void {
    for (const [name, value] of this.#values) {
      if (this.#changedInPlace(name, value, handle) !== undefined) this.markWritten(name);
    }
    this.#deleted = this.#deletions();
    this.load(stored, handle, length);
  }

  /** Takes over the values that another session's request has written. */
  takeWritten(other: FieldTracker): void {
    for (const name of other.#written ?? []) this.set(name, other.#values.get(name));
  }

  /** Takes over fields of another session which that session's request has not written: copies of what is stored. */
  takeFields(other: FieldTracker, names: readonly string[]): void {
    for (const name of names) {
      if (this.has(name) || !other.has(name)) continue;
      const { stored, handle } = other.serialized(name);
      if (stored !== undefined) this.set(name, other.parse(name, stored, handle));
    }
  }

  /** Forgets everything that the request wrote and read. */
  discardChanges(): void {
    this.#values.clear();
    this.#written = undefined;
    this.#deleted = undefined;
  }

  has(name: string): boolean {
    if (this.#values.has(name)) return true;
    if (this.isDeleted(name) || this.storedValue(name) === undefined) return false;
    return this.serializer.validates?.(name) !== true || !this.#isAbsent(name);
  }

  /** @throws {UnreadableField} when the stored value cannot be parsed. */
  get(name: string): unknown {
    const known = this.#values.get(name);
    if (known !== undefined || this.#values.has(name)) return known;
    if (this.isDeleted(name)) return undefined;
    const stored = this.storedValue(name);
    if (stored === undefined || this.#absent?.has(name) === true) return undefined;
    const value = this.parseStored(name, stored);
    if (value === undefined) {
      (this.#absent ??= new Set()).add(name);
      return undefined;
    }
    this.#values.set(name, value);
    if (this.serializer.stableForm !== undefined && isMutable(value)) this.#remember(name, value);
    return value;
  }

  /** @throws {SessionError} for a value that the serializer or its schema refuses, as far as that can be known now */
  check(name: string, value: unknown): void {
    this.serializer.check?.(value, name);
  }

  /** Sets a value that comes from the application, once it is checked. */
  write(name: string, value: unknown): void {
    this.serializer.check?.(value, name);
    this.set(name, value);
  }

  set(name: string, value: unknown): void {
    this.#writes++;
    this.#values.set(name, value);
    (this.#written ??= new Set()).add(name);
    this.#deleted?.delete(name);
  }

  /** Puts a value in for reading that only counts as written when the session is: initial data. */
  setInitial(name: string, value: unknown): void {
    this.#values.set(name, value);
    if (isMutable(value)) this.#remember(name, value);
  }

  delete(name: string): boolean {
    const existed = this.has(name);
    this.#writes++;
    this.#values.delete(name);
    this.#written?.delete(name);
    if (existed || this.#absent?.has(name) === true) (this.#deleted ??= new Set()).add(name);
    return existed;
  }

  /** Returns what puts a value back as it is now; `undefined` where it cannot be changed inside, or cannot be stored. */
  restorer(name: string, value: unknown, handle: string): (() => void) | undefined {
    if (!isMutable(value)) return undefined;
    let stored: Stored;
    try {
      stored = this.serialize(name, value, handle);
    } catch {
      return undefined;
    }
    const wasWritten = this.#isSet(name);
    return () => {
      const before = this.parse(name, stored, handle);
      if (wasWritten) this.set(name, before);
      else this.setInitial(name, before);
    };
  }

  /** Counts a value that was used as written. */
  markWritten(name: string): void {
    this.#writes++;
    if (this.#values.has(name)) (this.#written ??= new Set()).add(name);
  }

  /** Counts a value that was changed in place as written. */
  markInPlaceChange(name: string): void {
    if (this.#isSet(name) || !this.#values.has(name)) return;
    if (this.#changedInPlace(name, this.#values.get(name), this.handle) !== undefined) this.markWritten(name);
  }

  /** Forgets a deletion of a field that is not stored, of which there is nothing to delete. */
  forgetDeletion(name: string): void {
    this.#deleted?.delete(name);
  }

  /** Returns whether this request has deleted the field. */
  isDeleted(name: string): boolean {
    return this.#deleted?.has(name) === true;
  }

  /** Returns whether this request has a value of its own for the field that is not committed yet. */
  isWritten(name: string): boolean {
    return this.#isSet(name) || this.#deletes(name);
  }

  /** Records a value that was written to the store ahead of this request's commit. */
  markSaved(name: string, value: unknown, stored: Stored | undefined, handle: string): void {
    this.markInPlaceChange(name);
    this.#absent?.delete(name);
    if (stored === undefined) this.markRemoved(name);
    else this.markStored(name, stored, handle);
    // What the request has changed since then comes after it.
    if (this.#isSet(name) || this.isDeleted(name)) return;
    if (stored === undefined) this.#values.delete(name);
    else this.#values.set(name, value);
    this.#snapshots?.delete(name);
  }

  /** Forgets fields that were taken out of the store. */
  forget(names: Iterable<string>): void {
    for (const name of names) {
      // What the request has written since is still to come.
      if (!this.#isSet(name)) this.#values.delete(name);
      this.markRemoved(name);
    }
  }

  /** Deletes the application's fields, those included that count as absent. */
  clear(): void {
    for (const key of this.keys()) this.delete(fieldName(key));
    for (const name of this.#absent ?? []) this.delete(name);
  }

  /** Returns the application's keys, in the order of the store and then of writing. */
  keys(): string[] {
    if (this.serializer.validates !== undefined) {
      for (const name of this.storedNames()) this.has(name);
    }
    const keys: string[] = [];
    for (const name of this.names()) {
      const key = keyOfField(name);
      if (key !== undefined) keys.push(key);
    }
    return keys;
  }

  /** Returns all names that exist, those of the engine included. */
  *names(): Generator<string> {
    for (const name of this.storedNames()) {
      if (!this.isDeleted(name) && !this.#values.has(name) && this.#absent?.has(name) !== true) yield name;
    }
    yield* this.#values.keys();
  }

  /** Returns a form of a value by which equal values can be recognised. */
  comparableForm(value: unknown): Stored {
    return this.#stableForm('', value);
  }

  /** Reads a value for an update; `undefined` for none. */
  parseForUpdate(name: string, { stored, handle }: SerializedField): unknown {
    if (stored === undefined) return undefined;
    if (this.#absent?.has(name) === true && stored === this.storedValue(name)) return undefined;
    return this.parse(name, stored, handle);
  }

  /**
   * Returns what this request changed; `null` when nothing. Values are serialised for the record with this handle.
   * @throws {SessionError} `ERR_SESSION_SERIALIZE`
   */
  changes(handle: string): FieldChanges | null {
    this.#writesAtSnapshot = this.#writes;
    let set: Map<string, Stored> | undefined;
    for (const [name, value] of this.#values) {
      const written = this.#isSet(name);
      const stored = written ? this.serialize(name, value, handle) : this.#changedInPlace(name, value, handle);
      if (stored !== undefined) (set ??= new Map()).set(name, stored);
    }
    const deleted = this.#deletions();
    if (set === undefined && deleted === undefined) return null;
    return { set: set ?? new Map(), delete: deleted ?? new Set() };
  }

  /** True when the request has changed anything, also to a value that its serializer would refuse. */
  get changed(): boolean {
    if ((this.#written?.size ?? 0) > 0 || this.#deletions() !== undefined) return true;
    for (const [name, value] of this.#values) {
      if (!isMutable(value)) continue;
      try {
        if (this.#changedInPlace(name, value, this.handle) !== undefined) return true;
      } catch {
        return true;
      }
    }
    return false;
  }

  /** Returns all fields, serialised for a new record. */
  all(handle: string): Map<string, Stored> {
    this.#writesAtSnapshot = this.#writes;
    const fields = new Map<string, Stored>();
    for (const [name, value] of this.#values) fields.set(name, this.serialize(name, value, handle));
    return fields;
  }

  /** Returns every stored field serialised again under another handle, and its present form. */
  reserializeAll(handle: string): { set: Map<string, Stored>; expect: Map<string, Stored> } {
    const set = new Map<string, Stored>();
    const expect = new Map<string, Stored>();
    for (const name of this.storedNames()) {
      const stored = this.storedValue(name)!;
      if (isStoreField(name)) continue;
      expect.set(name, stored);
      if (!this.isDeleted(name)) set.set(name, this.reserialize(name, stored, handle));
    }
    return { set, expect };
  }

  /** Records that the store has these changes. What was written while they were on their way is still to come. */
  committed(changes: Pick<RecordChange, 'set' | 'delete'> | null, handle: string): void {
    if (changes === null) return;
    for (const [name, stored] of changes.set) {
      this.markStored(name, stored, handle);
      this.#absent?.delete(name);
      // From now on the stored form is what the value is compared with.
      this.#snapshots?.delete(name);
    }
    for (const name of changes.delete) this.markRemoved(name);
    if (this.#writesAtSnapshot === this.#writes) {
      this.#written = undefined;
      this.#deleted = undefined;
      return;
    }
    this.#deleted = this.#deletions();
    for (const name of this.#written ?? []) {
      const stored = changes.set.get(name);
      if (stored !== undefined && this.#matchesStored(name, stored, handle)) this.#written!.delete(name);
    }
  }

  /** Returns whether a field's value is the one that is stored now. */
  #matchesStored(name: string, stored: Stored, handle: string): boolean {
    const value = this.#values.get(name);
    if (isMutable(value)) return this.#changedInPlace(name, value, handle) === undefined;
    return Object.is(value, this.parseStored(name, stored));
  }

  /** Returns whether this request has deleted a field that is stored. */
  #deletes(name: string): boolean {
    return this.isDeleted(name) && this.storedValue(name) !== undefined;
  }

  #isSet(name: string): boolean {
    return this.#written?.has(name) === true;
  }

  #deletions(): Set<string> | undefined {
    if (this.#deleted === undefined) return undefined;
    const deletions = new Set([...this.#deleted].filter((name) => this.#deletes(name)));
    return deletions.size > 0 ? deletions : undefined;
  }

  /** Returns whether a stored value that has not been used yet counts as none. */
  #isAbsent(name: string): boolean {
    try {
      return this.get(name) === undefined;
    } catch (error) {
      // The next use of the value reports it.
      if (error instanceof UnreadableField) return false;
      throw error;
    }
  }

  #remember(name: string, value: object): void {
    const form = this.#stableForm(name, value);
    (this.#snapshots ??= new Map()).set(name, form);
  }

  #stableForm(name: string, value: unknown): Stored {
    const context = { field: name, handle: this.handle };
    return this.serializer.stableForm?.(value, context) ?? this.serializer.serialize(value, context);
  }

  /** Returns what a value without a snapshot is compared with, where its stored form cannot serve. */
  #storedInStableForm(name: string): Stored | undefined {
    if (this.serializer.stableForm === undefined) return undefined;
    const stored = this.storedValue(name);
    const value = stored === undefined ? undefined : this.parseStored(name, stored);
    return isMutable(value) ? this.#stableForm(name, value) : undefined;
  }

  /** Returns the serialised form of a value that is no longer what was loaded; `undefined` for all others. */
  #changedInPlace(name: string, value: unknown, handle: string): Stored | undefined {
    if (!isMutable(value)) return undefined;
    const remembered = this.#snapshots?.get(name) ?? this.#storedInStableForm(name);
    const before = remembered ?? this.storedValue(name);
    if (before === undefined) return undefined;
    const now = this.#stableForm(name, value);
    if (isSame(before, now)) return undefined;
    // Serializers need not write back what they read: JSON of another program has spaces, V8's arrays have kinds.
    if (remembered === undefined && isSame(this.roundTrip(name, before), now)) return undefined;
    // What was compared is what is stored, unless it is a form for comparisons, or bound to another handle.
    const storable = this.serializer.stableForm === undefined && handle === this.handle;
    return storable ? now : this.serialize(name, value, handle);
  }
}

/** Returns whether these are the same serialised value. */
export function isSame(a: Stored, b: Stored): boolean {
  return typeof a === 'string' || typeof b === 'string' ? a === b : Buffer.compare(a, b) === 0;
}

function isMutable(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
