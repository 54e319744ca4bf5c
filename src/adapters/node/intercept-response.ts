import { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { patchPrototypeFacade } from './sent-facade.ts';
import {
  DeferredResponse,
  interceptedMethods,
  type HeldMethod,
  type Methods,
  type BeforeHeaders,
} from './deferred-response.ts';

/** In what a framework's responses inherit from: what {@link patchResponsePrototype} has put there. */
const PREPARED: unique symbol = Symbol('websauna-session.prepared');

interface Prepared {
  /** What its responses do, held or not. */
  readonly methods: Methods;
  /** What they would do without it. */
  readonly below: Methods;
}

/**
 * In a response: its hold. No `WeakMap`, because V8 keeps what is in one through its frequent collections,
 * and each request's objects would live until the next full one.
 */
const HOLD: unique symbol = Symbol('websauna-session.hold');

type AnyResponse = ServerResponse & { readonly [PREPARED]?: Prepared; [HOLD]?: DeferredResponse };

const METHODS: readonly HeldMethod[] = ['writeHead', 'write', 'end', 'flushHeaders'];

/**
 * Sees to it that `settling` happens before the headers leave, whichever way they are sent. Several can
 * hold one response. Nothing is buffered unless one of them has to wait; then all calls are, in order.
 */
export function deferResponse(res: AnyResponse, settling: BeforeHeaders): void {
  const known = res[HOLD];
  if (known !== undefined) {
    known.settlings.push(settling);
    return;
  }
  const prepared = res[PREPARED];
  // What other middleware in front has put over them must be held, too.
  const untouched = prepared !== undefined && METHODS.every((name) => res[name] === prepared.methods[name]);
  if (untouched) {
    res[HOLD] = new DeferredResponse(res, prepared.below, [settling], true);
  } else {
    const { writeHead, write, end, flushHeaders } = res as unknown as Methods;
    res[HOLD] = new DeferredResponse(res, { writeHead, write, end, flushHeaders }, [settling], false);
    // One by one, which is faster than `Object.assign`, and every request comes by here.
    res.writeHead = HELD_METHODS.writeHead as ServerResponse['writeHead'];
    res.write = HELD_METHODS.write as ServerResponse['write'];
    res.end = HELD_METHODS.end as ServerResponse['end'];
    res.flushHeaders = HELD_METHODS.flushHeaders;
  }
  res.on('pipe', rememberSource);
}

const HELD_METHODS: Methods = interceptedMethods((res: AnyResponse) => res[HOLD]!);

function rememberSource(this: AnyResponse, source: Readable): void {
  this[HOLD]!.sources.push(source);
}

/**
 * Makes a framework's responses ready to be held, once, in the object that all of them inherit from.
 * Express changes the prototype of each response; V8 then gives it a hidden class of its own, and every
 * property that is added to it afterwards, as to others, costs microseconds.
 */
export function patchResponsePrototype(res: AnyResponse): void {
  if (res[PREPARED] !== undefined) return;
  const base = baseOf(res);
  if (base === null) return;
  const { writeHead, write, end, flushHeaders } = base as unknown as Methods;
  const below = { writeHead, write, end, flushHeaders };
  const methods = heldIfAny(below);
  for (const name of METHODS)
    Object.defineProperty(base, name, { value: methods[name], writable: true, configurable: true });
  patchPrototypeFacade(base, preparedHold);
  Object.defineProperty(base, PREPARED, { value: { methods, below } satisfies Prepared });
}

/** None where middleware in front has methods of its own: those, which stand on these, are held in their place. */
function preparedHold(res: AnyResponse): DeferredResponse | undefined {
  const hold = res[HOLD];
  return hold?.prepared === true ? hold : undefined;
}

/** The framework's own object that is nearest to Node's, which is left alone. */
function baseOf(res: object): object | null {
  let base: object | null = Object.getPrototypeOf(res);
  while (base !== null && Object.getPrototypeOf(base) !== ServerResponse.prototype) base = Object.getPrototypeOf(base);
  return base;
}

function heldIfAny(below: Methods): Methods {
  const held = (name: HeldMethod): Methods[HeldMethod] =>
    function (this: ServerResponse, ...args: unknown[]): unknown {
      const hold = preparedHold(this);
      return hold === undefined ? below[name].apply(this, args) : hold.call(name, args);
    };
  return { writeHead: held('writeHead'), write: held('write'), end: held('end'), flushHeaders: held('flushHeaders') };
}
