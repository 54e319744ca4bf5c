import { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { ResponseHead } from '../../exchange.ts';
import { releaseSource, resetHead } from './error-response.ts';
import { FailedCalls } from './failed-calls.ts';
import { addFinalChecks, type FinalCheck } from './final-gate.ts';
import { applyWriteHeadArgs, NodeHead, type HeadOwner } from './head.ts';
import { closeStream, type StreamOwner } from './http2-stream.ts';
import { installSentFacade, type SentFacadeState } from './sent-facade.ts';
import { holdSocket, releaseSocket } from './socket-guard.ts';

/** Runs before the headers of a response leave. */
export interface BeforeHeaders extends FinalCheck {
  /** Returns `undefined` when there is nothing to wait for. May throw, or reject. */
  commit(head: ResponseHead): Promise<void> | undefined;
  /** Answers the request after a failure. */
  fail(error: unknown): void;
}

type AnyMethod = (...args: unknown[]) => unknown;
export const INTERCEPTED = ['writeHead', 'write', 'end', 'flushHeaders'] as const;
export type InterceptedMethod = (typeof INTERCEPTED)[number];
export type InterceptedMethods = Record<InterceptedMethod, AnyMethod>;

/**
 * In a response that is deferred. No `WeakMap`: V8 keeps what is in one through its frequent collections, and
 * each request's objects would live until the next full one.
 */
export const DEFERRED: unique symbol = Symbol('websauna-session.deferred');

export type DeferrableResponse = ServerResponse & { [DEFERRED]?: DeferredResponse };

/** A call that waits for the commit, with the async context of its caller. */
interface QueuedCall {
  readonly method: InterceptedMethod;
  readonly args: unknown[];
  readonly context: AsyncResource;
}

/** A response whose headers wait for a commit: the calls that it gets meanwhile, and what becomes of them. */
export class DeferredResponse implements SentFacadeState, HeadOwner, StreamOwner {
  readonly hooks: BeforeHeaders[];
  /** Whether calls arrive by the response's prototype, and not by methods of its own. */
  readonly viaPrototype: boolean;
  /** What is being piped into the response. */
  readonly pipedSources: Readable[] = [];
  readonly #res: ServerResponse;
  /** The methods of the response's class, or those of middleware in front. */
  readonly #originals: InterceptedMethods;
  /** Why this is not the first response that was written, but an error's. */
  readonly #cause: unknown;
  #phase: 'open' | 'committing' | 'released' | 'failed' = 'open';
  #failure: unknown;
  readonly #calls: QueuedCall[] = [];
  #failedCalls: FailedCalls | undefined;
  #bytes = 0;
  #needDrain = false;
  pending = false;
  ended = false;
  committed: Promise<boolean> | undefined;

  constructor(
    res: ServerResponse,
    originals: InterceptedMethods,
    hooks: BeforeHeaders[],
    viaPrototype: boolean,
    cause?: unknown,
  ) {
    this.#res = res;
    this.#originals = originals;
    this.hooks = hooks;
    this.viaPrototype = viaPrototype;
    this.#cause = cause;
  }

  /** Whether nothing has been sent yet, and no commit has begun. */
  get untouched(): boolean {
    return this.#phase === 'open';
  }

  call(method: InterceptedMethod, args: unknown[]): unknown {
    // Once the error is answered, only the first response's writer can go on.
    const late = this.#cause !== undefined && this.#res.writableEnded;
    if (late || this.#phase === 'failed') {
      this.#failCallback(args, this.#failure ?? this.#cause);
      return method === 'write' ? false : this.#res;
    }
    if (this.#phase === 'open') this.#begin(method, args);
    if (this.#phase === 'released') return this.#originals[method].apply(this.#res, args);
    const accepted = this.#enqueue(method, args);
    return method === 'write' ? accepted : this.#res;
  }

  cookieAdded(): void {
    addFinalChecks(this.#res, this.hooks);
  }

  beginStream(head: ResponseHead, send: () => void): Promise<boolean> | undefined {
    const waiting = this.#commit(head);
    if (waiting.length > 0) this.committed = this.#finish(waiting, send);
    return this.committed;
  }

  finalize(head: ResponseHead): void {
    for (const hook of this.hooks) hook.finalize(head);
  }

  /** Takes the first sign that the headers are about to leave. */
  #begin(method: InterceptedMethod, args: unknown[]): void {
    if (method === 'writeHead') applyWriteHeadArgs(this.#res, args);
    const waiting = this.#commit(new NodeHead(this.#res, this));
    if (waiting.length > 0) this.committed = this.#finish(waiting, null);
  }

  #commit(head: ResponseHead): Promise<void>[] {
    const waiting: Promise<void>[] = [];
    for (const hook of this.hooks) {
      try {
        const committing = hook.commit(head);
        if (committing !== undefined) waiting.push(committing);
      } catch (error) {
        waiting.push(Promise.reject(error));
      }
    }
    this.#phase = waiting.length === 0 ? 'released' : 'committing';
    return waiting;
  }

  /** Resolves to whether the response has left. Never rejects: an escaped error would end the process. */
  async #finish(waiting: readonly Promise<void>[], sendStream: (() => void) | null): Promise<boolean> {
    const { statusCode } = this.#res;
    this.pending = true;
    if (!this.viaPrototype) installSentFacade(this.#res, this);
    const failure = await firstFailure(waiting);
    this.pending = false;
    if (this.ended) releaseSocket(this.#res);
    try {
      if (failure !== null) throw failure.error;
      // An error that is answered too late leaves its status behind.
      if (this.#res.statusCode !== statusCode) this.#res.statusCode = statusCode;
      sendStream?.();
      this.#release();
      return true;
    } catch (error) {
      // The commit has failed, or the response refuses a call: for a chunk of the wrong type, say.
      this.#fail(error, sendStream !== null);
      return false;
    }
  }

  /** Keeps a call, and returns whether there is room for more, as the response itself would. */
  #enqueue(method: InterceptedMethod, args: unknown[]): boolean {
    this.#calls.push({ method, args, context: new AsyncResource('websauna-session') });
    if (method === 'end') {
      this.ended = true;
      holdSocket(this.#res);
    }
    if (method === 'write') this.#bytes += byteLength(args);
    const full = this.#bytes >= this.#res.writableHighWaterMark;
    this.#needDrain ||= full;
    return !full;
  }

  #release(): void {
    this.#phase = 'released';
    let accepted: unknown = false;
    for (const [index, { method, args, context }] of this.#calls.splice(0).entries()) {
      // Middleware that finds no header yet sends one implicitly, once for each call that it sees.
      if (method === 'writeHead' && index > 0) continue;
      const result: unknown = context.runInAsyncScope(this.#originals[method], this.#res, ...args);
      if (method === 'write') accepted = result;
    }
    if (this.#needDrain && accepted === true && !this.ended) process.nextTick(() => this.#res.emit('drain'));
  }

  /**
   * Makes way for the response of the error. Its writer goes straight to the original methods, so that the writer
   * of the first response, and middleware that has calls under way, cannot reach it.
   */
  #fail(error: unknown, isStream: boolean): void {
    const res = this.#res;
    this.#phase = 'failed';
    this.#failure = error;
    const failed = this.#calls.splice(0).map(({ args, context }) => this.#failCallback(args, error, context));
    try {
      if (isStream) closeStream(res);
      for (const source of this.pipedSources) releaseSource(source, res);
      // A writer that learns of the failure may end the connection, as Express does with a second error.
      if (failed.includes(true) || this.pipedSources.length > 0) res.shouldKeepAlive = false;
      const begun = res.headersSent;
      if (!begun && !isStream) this.#answerError(error);
      this.hooks[0]!.fail(error);
      if (begun) res.destroy();
    } catch (cause) {
      res.destroy(cause as Error);
    }
  }

  /** Returns whether the call has a callback. */
  #failCallback(args: readonly unknown[], error: unknown, context?: AsyncResource): boolean {
    this.#failedCalls ??= new FailedCalls(this.#res);
    return this.#failedCalls.add(args, error, context);
  }

  #answerError(error: unknown): void {
    resetHead(this.#res, error);
    const answer = new DeferredResponse(this.#res, this.#originals, this.hooks, false, error);
    Object.assign(
      this.#res,
      interceptMethods(() => answer),
    );
  }
}

/** Returns methods that go to the deferred response of the object they are called on. */
export function interceptMethods(deferredOf: (res: ServerResponse) => DeferredResponse): InterceptedMethods {
  const intercept = (method: InterceptedMethod): AnyMethod =>
    function (this: ServerResponse, ...args: unknown[]): unknown {
      return deferredOf(this).call(method, args);
    };
  return {
    writeHead: intercept('writeHead'),
    write: intercept('write'),
    end: intercept('end'),
    flushHeaders: intercept('flushHeaders'),
  };
}

/** Waits for all commits, and returns the error of the first that has failed; `null` when none has. */
async function firstFailure(commits: readonly Promise<void>[]): Promise<{ readonly error: unknown } | null> {
  let failure: { readonly error: unknown } | null = null;
  // A failure of a later one must not count as unhandled meanwhile.
  for (const later of commits.slice(1)) later.catch(() => {});
  for (const commit of commits) {
    try {
      await commit;
    } catch (error) {
      failure ??= { error };
    }
  }
  return failure;
}

function byteLength([chunk, encoding]: readonly unknown[]): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
