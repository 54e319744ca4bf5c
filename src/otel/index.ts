import { metrics, trace, type MeterProvider, type TracerProvider } from '@opentelemetry/api';
import { SESSION_EVENT_NAMES, type SessionEventName, type SessionEvents } from '../events.ts';
import { contextOf, SessionFactory } from '../factory.ts';
import { checkNames, expected, isObject } from '../internal/validate.ts';
import type { DefaultData } from '../session/data.ts';
import type { WebsaunaSession } from '../session/session.ts';
import type { SessionStore } from '../stores/store.ts';
import { createMeters, type Meters } from './meters.ts';
import { ATTRIBUTES } from './names.ts';
import { observeStore } from './observe-store.ts';
import { errorType, Operation, present, type OperationResult } from './operation.ts';

const SCOPE = 'websauna-session';

export interface InstrumentOptions {
  /** Default: the global provider. */
  tracerProvider?: TracerProvider;
  /** Default: the global provider. */
  meterProvider?: MeterProvider;
}

/** Factories that are instrumented. */
const instrumented = new WeakSet();

/**
 * Reports the sessions of a factory to OpenTelemetry: spans for loads, commits and what else goes to the store, and
 * metrics of events, durations and the circuit breaker. `session.id` is the handle; no attribute has an id, a cookie,
 * an owner or a value.
 *
 * @example
 * ```ts
 * const factory = createSessionFactory({ secret: process.env.SESSION_SECRET!, redis: { host: 'localhost' } });
 * const stop = instrument(factory);
 * ```
 * @param options where to report to; by default, what the application has registered
 * @returns a function that stops it
 * @throws {TypeError} for anything but a factory, and for one that is instrumented already
 */
export function instrument<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  factory: SessionFactory<Data, S>,
  options: InstrumentOptions = {},
): () => void {
  if (!(factory instanceof SessionFactory))
    throw expected('factory', 'a session factory of this copy of the package', factory);
  checkNames('options', options, ['tracerProvider', 'meterProvider']);
  if (instrumented.has(factory)) {
    throw new TypeError('Expected `factory` to be instrumented once, got one that is. Stop the first instrumentation');
  }
  instrumented.add(factory);
  const telemetry = new Telemetry(options);
  const stops = [telemetry.listen(factory), telemetry.wrap(factory)];
  return () => {
    instrumented.delete(factory);
    for (const stop of stops.splice(0)) stop();
  };
}

class Telemetry {
  readonly #tracer;
  readonly #meters: Meters;
  #isCircuitOpen = false;

  constructor({ tracerProvider, meterProvider }: InstrumentOptions) {
    this.#tracer = tracerProvider?.getTracer(SCOPE) ?? trace.getTracer(SCOPE);
    const meter = meterProvider?.getMeter(SCOPE) ?? metrics.getMeter(SCOPE);
    this.#meters = createMeters(meter, () => this.#isCircuitOpen);
  }

  /** Counts events, and tells the operation that they are part of. */
  listen<Data extends object, S extends WebsaunaSession<Data>>(factory: SessionFactory<Data, S>): () => void {
    const stops = SESSION_EVENT_NAMES.map((name) => factory.on(name, (event) => this.#happened(name, event)));
    return () => {
      this.#meters.stop();
      for (const stop of stops) stop();
    };
  }

  /**
   * Makes loads and commits operations, and observes the stores as soon as the factory is used: before, its options may
   * not be readable. Other factories stay as they are.
   */
  wrap<Data extends object, S extends WebsaunaSession<Data>>(factory: SessionFactory<Data, S>): () => void {
    let unwrapStores: (() => void) | undefined;
    const original = SessionFactory.prototype as unknown as SessionFactory<Data, S>;
    const use = (): void => void (unwrapStores ??= this.#wrapStores(factory));
    const overridden: PropertyDescriptorMap = {
      load: {
        value: (...args: Parameters<typeof factory.load>) => {
          use();
          return this.#observe('session.load', () => original.load.apply(factory, args));
        },
      },
      commit: {
        value: (...args: Parameters<typeof factory.commit>) =>
          this.#observe('session.commit', () => original.commit.apply(factory, args)),
      },
    };
    for (const name of ['owners', 'sessions'] as const) {
      const get = (): unknown => {
        use();
        return Reflect.get(original, name, factory);
      };
      overridden[name] = { get };
    }
    for (const [name, descriptor] of Object.entries(overridden)) {
      Object.defineProperty(factory, name, { ...descriptor, configurable: true });
    }
    return () => {
      unwrapStores?.();
      for (const name of Object.keys(overridden)) Reflect.deleteProperty(factory, name);
    };
  }

  /** Observes the operations of the factory's stores. */
  #wrapStores(factory: object): () => void {
    const shared = contextOf(factory);
    const { storeFor } = shared;
    const observed = new WeakMap<SessionStore, SessionStore>();
    const observe = (store: SessionStore): SessionStore => {
      const known = observed.get(store) ?? observeStore(store, (...around) => this.#around(...around));
      observed.set(store, known);
      return known;
    };
    shared.storeFor = (request) => {
      const store = storeFor(request);
      return store instanceof Promise ? store.then(observe) : observe(store);
    };
    return () => (shared.storeFor = storeFor);
  }

  #observe<T>(name: 'session.load' | 'session.commit', run: () => T): T {
    const operation = new Operation(name, this.#tracer);
    let result: T;
    try {
      result = present.run(operation, run);
    } catch (error) {
      this.#end(operation, { error });
      throw error;
    }
    return result instanceof Promise ? (this.#endAfter(operation, result) as T) : result;
  }

  async #endAfter<T>(operation: Operation, result: Promise<T>): Promise<T> {
    try {
      const value = await result;
      this.#end(operation, { status: statusOf(value) });
      return value;
    } catch (error) {
      this.#end(operation, { error });
      throw error;
    }
  }

  #end(operation: Operation, result: OperationResult): void {
    const { seconds, attributes } = operation.end(result);
    if (!operation.reachedStore) return;
    if (operation.name === 'session.load') this.#meters.load.record(seconds, attributes);
    if (operation.name === 'session.commit') this.#meters.commit.record(seconds, attributes);
  }

  /** What goes to the store outside of a load and a commit, as `session.save()` does, is an operation by itself. */
  #around<T>(operation: string, store: string, run: () => Promise<T>): Promise<T> {
    const part = present.getStore();
    const timed = (): Promise<T> => this.#time(operation, store, run);
    if (part !== undefined) return part.ask(operation, store, timed);
    const alone = new Operation(`session.${operation}`, this.#tracer);
    return this.#endAfter(
      alone,
      present.run(alone, () => alone.ask(operation, store, timed)),
    );
  }

  async #time<T>(operation: string, store: string, run: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const attributes = { [ATTRIBUTES.operation]: operation, [ATTRIBUTES.store]: store };
    try {
      const result = await run();
      this.#meters.store.record((performance.now() - start) / 1000, attributes);
      return result;
    } catch (error) {
      const failed = { ...attributes, [ATTRIBUTES.errorType]: errorType(error) };
      this.#meters.store.record((performance.now() - start) / 1000, failed);
      throw error;
    }
  }

  #happened<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
    const { reason, handle, previous } = event as { reason?: string; handle?: string | null; previous?: string | null };
    if (name === 'circuitOpen') this.#isCircuitOpen = true;
    if (name === 'circuitClosed') this.#isCircuitOpen = false;
    this.#meters.events.add(1, {
      [ATTRIBUTES.event]: name,
      ...(reason !== undefined && { [ATTRIBUTES.reason]: reason }),
    });
    present.getStore()?.note({ name, reason, handle: handle ?? undefined, previous: previous ?? undefined });
  }
}

/** Returns what an operation of a store says of its result. */
function statusOf(value: unknown): string | undefined {
  const status = isObject(value) ? (value as { status?: unknown }).status : undefined;
  return typeof status === 'string' ? status : undefined;
}
