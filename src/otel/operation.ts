import { AsyncLocalStorage } from 'node:async_hooks';
import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { SessionError } from '../errors.ts';
import { ATTRIBUTES } from './names.ts';

/** What happened to a session: the event's name, its reason where it has one, and handles. */
export interface Happening {
  readonly name: string;
  readonly reason: string | undefined;
  readonly handle: string | undefined;
  readonly previous: string | undefined;
}

/** How an operation has ended. */
export interface OperationResult {
  readonly error?: unknown;
  /** What the store has answered, where no event says what happened. */
  readonly status?: string | undefined;
}

/** The operation that the present code is part of. */
export const present: AsyncLocalStorage<Operation> = new AsyncLocalStorage();

/** A load, a commit, or an operation of the store beside them. Its span begins with the first command to the store. */
export class Operation {
  readonly name: string;
  readonly #tracer: Tracer;
  readonly #parent: Context = context.active();
  readonly #startedAt = Date.now();
  readonly #start = performance.now();
  /** What was asked of the store, in order. */
  readonly #asked: string[] = [];
  #span: Span | undefined;
  #last: Happening | undefined;
  #hasEnded = false;

  constructor(name: string, tracer: Tracer) {
    this.name = name;
    this.#tracer = tracer;
  }

  /** Whether the store was asked for anything. */
  get reachedStore(): boolean {
    return this.#span !== undefined;
  }

  /** Carries out an operation of the store, as part of the span. */
  ask<T>(operation: string, store: string, run: () => T): T {
    this.#asked.push(operation);
    this.#span ??= this.#begin(store);
    return context.with(trace.setSpan(this.#parent, this.#span), run);
  }

  note(happening: Happening): void {
    const { name, reason, handle, previous } = happening;
    if (this.#hasEnded) return;
    this.#last = happening;
    this.#span?.addEvent(name, reason === undefined ? {} : { [ATTRIBUTES.reason]: reason });
    if (handle !== undefined) this.#span?.setAttribute(ATTRIBUTES.id, handle);
    if (previous !== undefined) this.#span?.setAttribute(ATTRIBUTES.previousId, previous);
  }

  /** Ends the span, and returns seconds and what a metric says of the operation. */
  end({ error, status = 'none' }: OperationResult): { readonly seconds: number; readonly attributes: Attributes } {
    this.#hasEnded = true;
    const attributes: Attributes = {
      [ATTRIBUTES.outcome]: error === undefined ? (this.#last?.name ?? status) : 'error',
      ...(this.#last?.reason !== undefined && { [ATTRIBUTES.reason]: this.#last.reason }),
      ...(error !== undefined && { [ATTRIBUTES.errorType]: errorType(error) }),
    };
    const span = this.#span;
    if (span !== undefined) {
      span.setAttributes({ ...attributes, [ATTRIBUTES.operation]: this.#asked });
      // No message: the causes of errors name hosts and keys.
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: errorType(error) });
      span.end();
    }
    return { seconds: (performance.now() - this.#start) / 1000, attributes };
  }

  #begin(store: string): Span {
    const options = { kind: SpanKind.INTERNAL, startTime: this.#startedAt, attributes: { [ATTRIBUTES.store]: store } };
    return this.#tracer.startSpan(this.name, options, this.#parent);
  }
}

/** Returns the code of an error of this library, or else the name of its class. */
export function errorType(error: unknown): string {
  if (error instanceof SessionError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
