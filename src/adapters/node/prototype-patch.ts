import { ServerResponse } from 'node:http';
import {
  DEFERRED,
  INTERCEPTED,
  type DeferrableResponse,
  type DeferredResponse,
  type InterceptedMethod,
  type InterceptedMethods,
} from './deferred-response.ts';
import { BLOCKED_METHODS, blockWhilePending, FACADE_GETTERS, facadeGetter } from './sent-facade.ts';

// A workaround for Express up to Node 22, to be deleted with it. Express changes the prototype of each response; V8
// then gives it a hidden class of its own, and every property that is added to it afterwards costs microseconds.

type AnyMethod = (...args: unknown[]) => unknown;

/** In what a framework's responses inherit from. */
const PATCH: unique symbol = Symbol('websauna-session.patch');

interface Patch {
  readonly methods: InterceptedMethods;
  /** The methods without the patch. */
  readonly originals: InterceptedMethods;
}

type AnyResponse = DeferrableResponse & { readonly [PATCH]?: Patch };

/** Makes a framework's responses ready to be deferred, once, in the object that all of them inherit from. */
export function patchResponsePrototype(res: AnyResponse): void {
  if (res[PATCH] !== undefined) return;
  const base = frameworkPrototype(res);
  if (base === null) return;
  const { writeHead, write, end, flushHeaders } = base as unknown as InterceptedMethods;
  const originals = { writeHead, write, end, flushHeaders };
  const methods = interceptIfDeferred(originals);
  for (const name of INTERCEPTED) {
    Object.defineProperty(base, name, { value: methods[name], writable: true, configurable: true });
  }
  patchPrototypeFacade(base);
  Object.defineProperty(base, PATCH, { value: { methods, originals } satisfies Patch });
}

/**
 * Returns the original methods of a response that the patch serves. `undefined` where middleware in front has
 * methods of its own: those, which call the patched ones, are intercepted in their place.
 */
export function patchedOriginals(res: AnyResponse): InterceptedMethods | undefined {
  const patch = res[PATCH];
  if (patch === undefined) return undefined;
  const { methods, originals } = patch;
  const isPatched =
    res.writeHead === methods.writeHead &&
    res.write === methods.write &&
    res.end === methods.end &&
    res.flushHeaders === methods.flushHeaders;
  return isPatched ? originals : undefined;
}

/** Makes a facade possible for all responses that inherit from `base`. */
function patchPrototypeFacade(base: object): void {
  for (const name of BLOCKED_METHODS) {
    const original = Reflect.get(base, name) as AnyMethod;
    const value = blockWhilePending(deferredViaPrototype, () => original);
    Object.defineProperty(base, name, { value, writable: true, configurable: true });
  }
  const parent = Object.getPrototypeOf(base) as object;
  for (const name of Object.keys(FACADE_GETTERS)) {
    Object.defineProperty(
      base,
      name,
      facadeGetter(name, deferredViaPrototype, () => parent),
    );
  }
}

function interceptIfDeferred(originals: InterceptedMethods): InterceptedMethods {
  const intercept = (name: InterceptedMethod): AnyMethod =>
    function (this: ServerResponse, ...args: unknown[]): unknown {
      const deferred = deferredViaPrototype(this);
      return deferred === undefined ? originals[name].apply(this, args) : deferred.call(name, args);
    };
  return {
    writeHead: intercept('writeHead'),
    write: intercept('write'),
    end: intercept('end'),
    flushHeaders: intercept('flushHeaders'),
  };
}

function deferredViaPrototype(res: AnyResponse): DeferredResponse | undefined {
  const deferred = res[DEFERRED];
  return deferred?.viaPrototype === true ? deferred : undefined;
}

/** Returns the framework's own object that is nearest to Node's, which is left alone. */
function frameworkPrototype(res: object): object | null {
  let base: object | null = Object.getPrototypeOf(res);
  while (base !== null && Object.getPrototypeOf(base) !== ServerResponse.prototype) base = Object.getPrototypeOf(base);
  return base;
}
