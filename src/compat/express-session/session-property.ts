import type { SessionRequest } from './request.ts';

/** `req.session`: makes the session when it is first asked for, and notices what the application puts in its place. */
export class SessionProperty {
  readonly #req: SessionRequest;
  readonly #make: () => object;
  #current: object | undefined;

  /** @param make makes the session when it is first asked for */
  constructor(req: SessionRequest, make: () => object) {
    this.#req = req;
    this.#make = make;
  }

  /** The last session that the property has held; `undefined` while nothing has asked for one. */
  get current(): object | undefined {
    return this.#current;
  }

  /** What the property holds now: `null` when the session was taken away, `undefined` when nothing has asked for it. */
  get attached(): object | null | undefined {
    const property = Object.getOwnPropertyDescriptor(this.#req, 'session');
    if (property?.get === this.#get) return this.#current;
    const value: unknown = property?.value;
    if (typeof value !== 'object' || value === null) return null;
    this.#current = value;
    return value;
  }

  /** Lets the property make its session when it is asked for. */
  install(): void {
    Object.defineProperty(this.#req, 'session', {
      get: this.#get,
      set: this.#set,
      enumerable: true,
      configurable: true,
    });
  }

  /** Puts another session into the property. */
  replace(session: object): void {
    this.#current = session;
    this.install();
  }

  /** Returns the session, and makes it if need be. */
  demand(): object {
    this.#current ??= this.#make();
    return this.#current;
  }

  remove(): void {
    delete this.#req.session;
  }

  readonly #get = (): object => this.demand();

  readonly #set = (value: unknown): void => {
    Object.defineProperty(this.#req, 'session', { value, writable: true, enumerable: true, configurable: true });
  };
}
