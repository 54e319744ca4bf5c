import type { ServerResponse } from 'node:http';

/** Whether a response has to look sent. */
export interface SentFacadeState {
  /** Whether the response waits for its commit. */
  readonly pending: boolean;
  /** Whether `end()` has been called. */
  readonly ended: boolean;
}

type AnyMethod = (...args: unknown[]) => unknown;
type FacadeGetter = (state: SentFacadeState) => unknown;
export type StateOf = (res: ServerResponse) => SentFacadeState | undefined;

/**
 * What a response that waits for its commit looks like: sent. Code that asks whether it can still answer, or that
 * adds a header to what it has handed over, gets the same result as without a session.
 *
 * Not `finished`: by that, `server.close()` finds the connections that are idle and can be closed.
 */
export const FACADE_GETTERS: Readonly<Record<string, FacadeGetter>> = {
  headersSent: () => true,
  writableEnded: ({ ended }) => ended,
  writableFinished: () => false,
};
export const BLOCKED_METHODS = ['setHeader', 'appendHeader', 'removeHeader'] as const;

/** In a response that has a facade of its own. */
const FACADE: unique symbol = Symbol('websauna-session.facade');

type OriginalMethods = Record<(typeof BLOCKED_METHODS)[number], AnyMethod>;
interface Facade extends OriginalMethods {
  state: SentFacadeState;
}
type FacadeResponse = ServerResponse & { [FACADE]?: Facade };

/**
 * Puts a facade in front of one response; `state.pending` decides from then on whether it shows. It stays, and its
 * functions are the same for all responses: to delete a property, or to define one that is an object's own,
 * makes that object slow, and leaves a hidden class behind for the garbage collector.
 */
export function installSentFacade(res: FacadeResponse, state: SentFacadeState): void {
  const known = res[FACADE];
  if (known !== undefined) {
    known.state = state;
    return;
  }
  const { setHeader, appendHeader, removeHeader } = res as unknown as OriginalMethods;
  res[FACADE] = { state, setHeader, appendHeader, removeHeader };
  Object.assign(res, INSTANCE_METHODS);
  for (const name of Object.keys(FACADE_GETTERS)) {
    if (!Object.hasOwn(res, name)) Object.defineProperty(res, name, INSTANCE_GETTERS[name]!);
  }
}

/** Returns a method that throws while its response is pending. */
export function blockWhilePending(stateOf: StateOf, originalOf: (res: ServerResponse) => AnyMethod): AnyMethod {
  return function (this: ServerResponse, ...args) {
    return stateOf(this)?.pending === true ? throwHeadersSent() : Reflect.apply(originalOf(this), this, args);
  };
}

/** Returns a getter that shows the facade while its response is pending, and else what the parent has. */
export function facadeGetter(
  name: string,
  stateOf: StateOf,
  parentOf: (res: ServerResponse) => object,
): PropertyDescriptor {
  const show = FACADE_GETTERS[name]!;
  const get = function (this: ServerResponse): unknown {
    const state = stateOf(this);
    return state?.pending === true ? show(state) : Reflect.get(parentOf(this), name, this);
  };
  return { configurable: true, get };
}

const instanceFacade: StateOf = (res: FacadeResponse) => res[FACADE]?.state;

const INSTANCE_METHODS = Object.fromEntries(
  BLOCKED_METHODS.map((name) => [name, blockWhilePending(instanceFacade, (res: FacadeResponse) => res[FACADE]![name])]),
);
const INSTANCE_GETTERS: Readonly<PropertyDescriptorMap> = Object.fromEntries(
  Object.keys(FACADE_GETTERS).map((name) => [
    name,
    facadeGetter(name, instanceFacade, (res) => Object.getPrototypeOf(res) as object),
  ]),
);

function throwHeadersSent(): never {
  throw Object.assign(new Error('Cannot set headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  });
}
