import type { SessionStore } from '../stores/store.ts';
import type { SessionContext } from './context.ts';

/** The store of one request, and the store's clock, which its answers report. */
export class RequestStore {
  readonly #context: SessionContext;
  readonly #request: unknown;
  #store: SessionStore | null = null;
  /** The store's clock minus the process's monotonic one, milliseconds; `null` before the first answer. */
  #clockOffset: number | null = null;
  #answeredAt = 0;
  #firstAnsweredAt = 0;

  constructor(context: SessionContext, request: unknown) {
    this.#context = context;
    this.#request = request;
  }

  /** Returns the store; a promise while it is not known. */
  connect(): SessionStore | Promise<SessionStore> {
    if (this.#store !== null) return this.#store;
    const store = this.#context.storeFor(this.#request);
    if (!(store instanceof Promise)) return (this.#store = store);
    return store.then((connected) => (this.#store = connected));
  }

  /** Takes the clock from an answer, milliseconds. */
  observeClock(now: number): void {
    if (this.#clockOffset === null) this.#firstAnsweredAt = now;
    this.#clockOffset = now - performance.now();
    this.#answeredAt = now;
  }

  /** Asks for the time if no answer has included it yet. */
  async ensureClock(): Promise<void> {
    if (this.#clockOffset === null) this.observeClock(await (await this.connect()).now());
  }

  /** The store's clock at its last answer, milliseconds; 0 before the first. */
  get answeredAt(): number {
    return this.#answeredAt;
  }

  /** The store's clock at its first answer, by which the session was read; 0 before it. */
  get firstAnsweredAt(): number {
    return this.#firstAnsweredAt;
  }

  /**
   * The store's clock, milliseconds; the process's own clock until the store has answered, because until then there are
   * no stored times to compare with.
   */
  get now(): number {
    return this.#clockOffset === null ? Date.now() : performance.now() + this.#clockOffset;
  }
}
