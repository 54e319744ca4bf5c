import { randomUUID } from 'node:crypto';

/** Keeps the newest values of the process; sessions hold their ids. */
export class Recent<Value> {
  readonly #values = new Map<string, Value>();
  readonly #max: number;
  readonly #dropped: (value: Value) => void;

  constructor(max: number, dropped: (value: Value) => void = () => {}) {
    this.#max = max;
    this.#dropped = dropped;
  }

  /** Returns the id. */
  add(value: Value): string {
    const id = randomUUID();
    this.#values.set(id, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.#max) this.drop(oldest);
    return id;
  }

  get(id: string | undefined): Value | undefined {
    return id === undefined ? undefined : this.#values.get(id);
  }

  drop(id: string | undefined): void {
    const value = this.get(id);
    if (value === undefined) return;
    this.#values.delete(id!);
    this.#dropped(value);
  }
}
