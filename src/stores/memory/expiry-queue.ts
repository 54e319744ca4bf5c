/** Something that ends at a time, which may change. */
export interface Expiring {
  /** Milliseconds. */
  endsAt: number;
  /** Milliseconds: when the queue will look at it next. The queue's own; `Infinity` at first. */
  queuedFor: number;
}

interface Entry<Item> {
  readonly item: Item;
  readonly at: number;
}

/**
 * A binary heap that returns expired items, soonest first, without looking at the others. Putting an end off is free:
 * the item is queued again when its old time comes.
 */
export class ExpiryQueue<Item extends Expiring> {
  #heap: Entry<Item>[] = [];
  readonly #isLive: (item: Item) => boolean;
  readonly #count: () => number;

  /**
   * @param isLive whether an item has not been removed by other means
   * @param count how many items are live
   */
  constructor(isLive: (item: Item) => boolean, count: () => number) {
    this.#isLive = isLive;
    this.#count = count;
  }

  /** Queues an item, unless it is looked at before its end anyway. */
  schedule(item: Item): void {
    if (item.queuedFor <= item.endsAt) return;
    item.queuedFor = item.endsAt;
    this.#heap.push({ item, at: item.endsAt });
    this.#siftUp(this.#heap.length - 1);
    // Entries of items that were removed, or brought forward, would otherwise stay until their old time.
    if (this.#heap.length > 2 * this.#count() + 64) this.#rebuild();
  }

  /** Takes the items that have ended by `now`, one after the other. */
  *takeExpired(now: number): Generator<Item, void> {
    for (let [first] = this.#heap; first !== undefined && first.at <= now; [first] = this.#heap) {
      this.#removeFirst();
      const { item, at } = first;
      if (at !== item.queuedFor || !this.#isLive(item)) continue;
      item.queuedFor = Infinity;
      if (item.endsAt <= now) yield item;
      else this.schedule(item);
    }
  }

  #rebuild(): void {
    const current = this.#heap.filter(({ item, at }) => at === item.queuedFor && this.#isLive(item));
    // An array in ascending order is a heap.
    this.#heap = current.toSorted((a, b) => a.at - b.at);
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown();
  }

  #siftUp(start: number): void {
    const heap = this.#heap;
    for (let i = start; i > 0;) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.at <= heap[i]!.at) return;
      [heap[parent], heap[i]] = [heap[i]!, heap[parent]!];
      i = parent;
    }
  }

  #siftDown(): void {
    const heap = this.#heap;
    for (let i = 0; ;) {
      const left = 2 * i + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && heap[right]!.at < heap[left]!.at ? right : left;
      if (heap[i]!.at <= heap[child]!.at) return;
      [heap[i], heap[child]] = [heap[child]!, heap[i]!];
      i = child;
    }
  }
}
