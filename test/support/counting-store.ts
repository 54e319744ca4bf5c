import type { OwnerIndex, SessionStore } from 'websauna-session/store';
import { MemoryStore } from 'websauna-session/memory';

/** A memory store that knows what it was asked. */
export class CountingStore extends MemoryStore implements SessionStore, OwnerIndex {
  /** The names of the operations, in the order in which they were called; `now` aside, which sends nothing. */
  readonly calls: string[] = [];

  constructor() {
    super();
    const target = this as unknown as Record<string, unknown>;
    for (const name of ['load', 'create', 'save', 'rekey', 'take', 'destroy', 'listOwned', 'revokeOwned']) {
      const original = target[name] as (...args: unknown[]) => unknown;
      target[name] = (...args: unknown[]): unknown => {
        this.calls.push(name);
        return original.apply(this, args);
      };
    }
  }
}
