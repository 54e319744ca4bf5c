/** Remembers what was used lately, by a string: at least the last `size` entries, and at most twice as many. */
export class RecentMap<Value> {
  readonly #size: number;
  #current = new Map<string, Value>();
  #previous = new Map<string, Value>();

  constructor(size: number) {
    this.#size = size;
  }

  get(key: string): Value | undefined {
    const value = this.#current.get(key);
    if (value !== undefined) return value;
    const older = this.#previous.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, value: Value): void {
    if (this.#current.size === this.#size) {
      this.#previous = this.#current;
      this.#current = new Map();
    }
    this.#current.set(copyString(key), value);
  }
}

/** Returns a copy, which does not keep the text in memory that the string was cut out of. */
export function copyString(text: string): string {
  return Buffer.from(text).toString();
}
