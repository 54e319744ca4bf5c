import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { ResponseHead } from '../../exchange.ts';
import { REPRESENTATION_HEADERS } from '../representation-headers.ts';
import { onceClosed } from './closed.ts';
import { installSentFacade, type SentFacadeState } from './sent-facade.ts';
import { addFinalChecks, type FinalCheck } from './final-gate.ts';
import { holdSocket, releaseSocket } from './socket-guard.ts';
import { applyWriteHeadArgs, NodeHead, type HeadOwner } from './head.ts';

/** Something that must be settled before the headers of a response leave. */
export interface BeforeHeaders extends FinalCheck {
  /** `undefined` when there is nothing to wait for. May throw, or reject. */
  commit(head: ResponseHead): Promise<void> | undefined;
  /** Answers the request after a failure. */
  fail(error: unknown): void;
}

export type HeldMethod = 'writeHead' | 'write' | 'end' | 'flushHeaders';
type AnyMethod = (...args: unknown[]) => unknown;
export type Methods = Record<HeldMethod, AnyMethod>;

/** One response that waits: what it is told meanwhile, and what becomes of it. */
export class DeferredResponse implements SentFacadeState, HeadOwner {
  readonly settlings: BeforeHeaders[];
  /** Do calls come here by the response's prototype, not by methods of its own? */
  readonly prepared: boolean;
  /** What is being piped into the response. */
  readonly sources: Readable[] = [];
  readonly #res: ServerResponse;
  /** What the response did before it was held: its class's methods, or those of other middleware. */
  readonly #methods: Methods;
  #phase: 'holding' | 'settling' | 'released' | 'failed' = 'holding';
  #calls: [HeldMethod, unknown[]][] = [];
  #size = 0;
  covered = false;
  ended = false;
  #toldToWait = false;
  #failure: unknown;

  /** @param failure why this is not the first response that was written, but an error's */
  constructor(res: ServerResponse, methods: Methods, settlings: BeforeHeaders[], prepared: boolean, failure?: unknown) {
    this.#res = res;
    this.#methods = methods;
    this.settlings = settlings;
    this.prepared = prepared;
    this.#failure = failure;
  }

  call(method: HeldMethod, args: unknown[]): unknown {
    // When the error is answered, it can only be the first response's writer that goes on.
    const late = this.#failure !== undefined && this.#res.writableEnded;
    if (late || this.#phase === 'failed') {
      refuse(this.#res, args, this.#failure);
      return method === 'write' ? false : this.#res;
    }
    if (this.#phase === 'holding') this.#begin(method, args);
    if (this.#phase === 'released') return this.#methods[method].apply(this.#res, args);
    const accepted = this.#enqueue(method, args);
    return method === 'write' ? accepted : this.#res;
  }

  cookieAdded(): void {
    addFinalChecks(this.#res, this.settlings);
  }

  /** The first sign that the headers are about to leave. */
  #begin(method: HeldMethod, args: unknown[]): void {
    if (method === 'writeHead') applyWriteHeadArgs(this.#res, args);
    const head = new NodeHead(this.#res, this);
    const waiting: Promise<void>[] = [];
    for (const settling of this.settlings) {
      try {
        const settled = settling.commit(head);
        if (settled !== undefined) waiting.push(settled);
      } catch (error) {
        waiting.push(Promise.reject(error));
      }
    }
    this.#phase = waiting.length === 0 ? 'released' : 'settling';
    // Nothing may escape: a rejection would end the process.
    if (waiting.length > 0) this.#settle(waiting).catch((error: unknown) => this.#res.destroy(error as Error));
  }

  async #settle(waiting: readonly Promise<void>[]): Promise<void> {
    const { statusCode } = this.#res;
    this.covered = true;
    if (!this.prepared) installSentFacade(this.#res, this);
    const results = await Promise.allSettled(waiting);
    this.covered = false;
    if (this.ended) releaseSocket(this.#res);
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) return this.#fail(failure.reason);
    try {
      // Errors that are answered too late leave their status behind.
      if (this.#res.statusCode !== statusCode) this.#res.statusCode = statusCode;
      this.#release();
    } catch (error) {
      // A call that the response itself refuses, for a chunk of the wrong type or the like.
      this.#fail(error);
    }
  }

  /** Keeps a call; says whether there is room for more, as the response itself would. */
  #enqueue(method: HeldMethod, args: unknown[]): boolean {
    this.#calls.push([method, args]);
    if (method === 'end') {
      this.ended = true;
      holdSocket(this.#res);
    }
    if (method === 'write') this.#size += sizeOf(args);
    const full = this.#size >= this.#res.writableHighWaterMark;
    this.#toldToWait ||= full;
    return !full;
  }

  #release(): void {
    this.#phase = 'released';
    const calls = this.#calls;
    this.#calls = [];
    let accepted: unknown = false;
    for (const [index, [method, args]] of calls.entries()) {
      // Middleware that finds no header yet sends one implicitly, once for each call that it sees.
      if (method === 'writeHead' && index > 0) continue;
      const result = this.#methods[method].apply(this.#res, args);
      if (method === 'write') accepted = result;
    }
    if (this.#toldToWait && accepted === true && !this.ended) process.nextTick(() => this.#res.emit('drain'));
  }

  /**
   * The response gives way to the error's. Whoever wrote it, and middleware that has its calls under way,
   * must not reach the error's: that one goes through a hold of its own, straight to the methods below.
   */
  #fail(error: unknown): void {
    const res = this.#res;
    this.#phase = 'failed';
    this.#failure = error;
    const refused = this.#calls.splice(0).map(([, args]) => refuse(res, args, error));
    for (const source of this.sources) letGo(source, res);
    // A writer that hears of the failure may end the connection, as Express does with a second error.
    if (refused.includes(true) || this.sources.length > 0) res.shouldKeepAlive = false;
    const begun = res.headersSent;
    if (!begun) clearHead(res, error);
    const answer = new DeferredResponse(res, this.#methods, this.settlings, false, error);
    Object.assign(
      res,
      interceptedMethods(() => answer),
    );
    try {
      this.settlings[0]!.fail(error);
      if (begun) res.destroy();
    } catch (cause) {
      res.destroy(cause as Error);
    }
  }
}

export function interceptedMethods(holdOf: (res: ServerResponse) => DeferredResponse): Methods {
  const held = (method: HeldMethod): AnyMethod =>
    function (this: ServerResponse, ...args: unknown[]): unknown {
      return holdOf(this).call(method, args);
    };
  return { writeHead: held('writeHead'), write: held('write'), end: held('end'), flushHeaders: held('flushHeaders') };
}

/** The source of a response that is not sent stops, and nobody but us is left to close the file behind it. */
function letGo(
  source: Readable & { unpipe?: Readable['unpipe'] },
  res: ServerResponse & { req?: IncomingMessage },
): void {
  source.unpipe?.(res);
  if (source === res.req) return;
  // Not before the error's response has left: `stream.pipeline`, for one, would destroy it.
  onceClosed(res, () => {
    if (source.listenerCount('data') === 0) source.destroy();
  });
}

/** Tells the callback of a call that came to nothing; says whether there is one. */
function refuse(res: ServerResponse, args: readonly unknown[], error: unknown): boolean {
  const callback = args.at(-1);
  if (typeof callback !== 'function') return false;
  onceClosed(res, () => Reflect.apply(callback, undefined, [error]));
  return true;
}

/** So that not even a producer which goes on before the error is answered makes it look like a success. */
function clearHead(res: ServerResponse, error: unknown): void {
  const status = (error as { status?: unknown } | null)?.status;
  res.statusCode = typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
  Reflect.deleteProperty(res, 'statusMessage');
  // Removing a header that is not there would still tell Node to do without it, and without keep-alive.
  for (const name of REPRESENTATION_HEADERS) if (res.hasHeader(name)) res.removeHeader(name);
}

function sizeOf([chunk, encoding]: readonly unknown[]): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
