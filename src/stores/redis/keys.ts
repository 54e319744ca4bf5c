import type { RecordKey } from '../store.ts';

/** Owned or anonymous; the indexes and the keys of others have other names. */
const RECORD_NAME = /^(?:\{([\w-]{16})\}:)?([\w-]{43})$/;

/** The names of the store's keys in Redis. All of one owner's share a hash tag, and so a slot. */
export class KeyNames {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  record({ handle, ownerHash }: RecordKey): string {
    return ownerHash === null ? this.prefix + handle : this.ownerPrefix(ownerHash) + handle;
  }

  /** Returns what the names of an owner's records begin with. */
  ownerPrefix(ownerHash: string): string {
    return `${this.prefix}{${ownerHash}}:`;
  }

  /** Returns the name of the index of an owner's sessions. */
  ownerIndex(ownerHash: string): string {
    return `${this.ownerPrefix(ownerHash)}owner`;
  }

  /** Returns the name of an owner's audit trail. */
  auditTrail(ownerHash: string): string {
    return `${this.ownerPrefix(ownerHash)}audit`;
  }

  /** Returns the name of the entries of an index key. */
  loginIndex(indexKey: string): string {
    return `${this.prefix}indexKey:${indexKey}`;
  }

  /** Returns the name of what explains the expiry of an owned record. */
  expiry(key: RecordKey): string {
    return `${this.record(key)}:end`;
  }

  /**
   * Returns the names of a record and of the index that it is in, if any.
   * @param explains whether also the name of what explains its expiry
   */
  withIndex(key: RecordKey, explains: boolean): string[] {
    if (key.ownerHash === null) return [this.record(key)];
    const names = [this.record(key), this.ownerIndex(key.ownerHash)];
    if (explains) names.push(this.expiry(key));
    return names;
  }

  /** Returns the name of something that is counted, in one slot with everything else that is. */
  stats(name: string): string {
    return `${this.prefix}{stats}:${name}`;
  }

  /** The name of the channel to which ends are published. */
  get endChannel(): string {
    return `${this.prefix}ends`;
  }

  /** The name of the channel to which processes publish their events. */
  get eventChannel(): string {
    return `${this.prefix}events`;
  }

  /** A name of no data, for a command that only has to reach the server. */
  get unused(): string {
    return `${this.prefix}time`;
  }

  /** Returns the record that a name belongs to, if any. */
  parseRecord(name: string): RecordKey | undefined {
    const match = RECORD_NAME.exec(name.slice(this.prefix.length));
    return match === null ? undefined : { handle: match[2]!, ownerHash: match[1] ?? null };
  }

  /** A glob-style pattern that all names match, and no others. */
  get pattern(): string {
    return `${escapeGlob(this.prefix)}*`;
  }
}

/** Returns the name of the audit trail of the owner whose record or index has this name; `undefined` where there is none. */
export function auditTrailBeside(name: string): string | undefined {
  const tagEnd = name.lastIndexOf('}:');
  return tagEnd < 0 ? undefined : `${name.slice(0, tagEnd)}}:audit`;
}

/** Returns a text as a glob-style pattern of Redis that matches this text alone. */
export function escapeGlob(text: string): string {
  return text.replaceAll(/[\\*?[\]^]/g, String.raw`\$&`);
}
