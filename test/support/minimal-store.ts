import { MemoryStore } from 'websauna-session/memory';
import type { LoadResult } from 'websauna-session/store';

/**
 * A memory store that promises no more than a store must. Like Redis, it forgets an entry of a login index when the time
 * for which it was added is over, although there are sessions that it leads to; and it can date what it loads a little
 * early, by an estimate of the clock that dates what is written.
 */
export class MinimalStore extends MemoryStore {
  readonly #until = new Map<string, number>();
  readonly #now: () => number;
  readonly #behind: number;

  /** @param options `behind`: milliseconds by which loads are dated early */
  constructor({ now, behind = 0 }: { readonly now: () => number; readonly behind?: number }) {
    super({ now });
    this.#now = now;
    this.#behind = behind;
  }

  override async load(...question: Parameters<MemoryStore['load']>): Promise<LoadResult | undefined> {
    const result = await super.load(...question);
    return result === undefined || !('now' in result) ? result : { ...result, now: result.now - this.#behind };
  }

  override async addIndexKey(indexKey: string, ownerHash: string, keep: number): Promise<void> {
    await super.addIndexKey(indexKey, ownerHash, keep);
    const name = `${indexKey} ${ownerHash}`;
    this.#until.set(name, Math.max(this.#until.get(name) ?? 0, this.#now() + keep * 1000));
  }

  override async findOwnerHashes(indexKey: string): Promise<readonly string[]> {
    const found = await super.findOwnerHashes(indexKey);
    return found.filter((ownerHash) => this.#until.get(`${indexKey} ${ownerHash}`)! > this.#now());
  }
}
