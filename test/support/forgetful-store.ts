import { MemoryStore } from 'websauna-session/memory';

/**
 * A memory store that forgets an entry of a login index as soon as it may: when the time for which it was added is over,
 * as Redis does, although there are sessions that it leads to.
 */
export class ForgetfulStore extends MemoryStore {
  readonly #until = new Map<string, number>();
  readonly #now: () => number;

  constructor({ now }: { readonly now: () => number }) {
    super({ now });
    this.#now = now;
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
