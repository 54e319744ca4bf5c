import type { ServerResponse } from 'node:http';

/** A response that may be under cover. */
export interface SentFacadeState {
  readonly covered: boolean;
  /** Has `end()` been called? */
  readonly ended: boolean;
}

type Look = (covered: SentFacadeState) => unknown;
type AnyMethod = (...args: unknown[]) => unknown;
type CoveredOf = (res: ServerResponse) => SentFacadeState | undefined;

/**
 * What a response that waits for its session looks like: sent. Code that asks whether it may still answer,
 * or adds a header to what it has handed over, is told the same as without a session.
 *
 * Not `finished`, by which `server.close()` tells which connections are idle and may be cut.
 */
const LOOKS: Readonly<Record<string, Look>> = {
  headersSent: () => true,
  writableEnded: ({ ended }) => ended,
  writableFinished: () => false,
};
const REFUSED = ['setHeader', 'appendHeader', 'removeHeader'] as const;

/** In a response that has been under a cover of its own. */
const COVER: unique symbol = Symbol('websauna-session.cover');

type Refusable = Record<(typeof REFUSED)[number], AnyMethod>;
interface Cover extends Refusable {
  covered: SentFacadeState;
}
type CoveredResponse = ServerResponse & { [COVER]?: Cover };

/**
 * Puts a cover over one response; `covered` decides from then on whether it is there. It is never taken
 * off, and its functions are the same for all responses: to delete a property, or to define one that is
 * an object's own, makes that object slow, and leaves a hidden class behind for the garbage collector.
 */
export function installSentFacade(res: CoveredResponse, covered: SentFacadeState): void {
  const known = res[COVER];
  if (known !== undefined) {
    known.covered = covered;
    return;
  }
  const { setHeader, appendHeader, removeHeader } = res as unknown as Refusable;
  res[COVER] = { covered, setHeader, appendHeader, removeHeader };
  Object.assign(res, COVERED_METHODS);
  for (const name of Object.keys(LOOKS)) {
    if (!Object.hasOwn(res, name)) Object.defineProperty(res, name, COVERED_LOOKS[name]!);
  }
}

const ownCover: CoveredOf = (res: CoveredResponse) => res[COVER]?.covered;

const COVERED_METHODS = Object.fromEntries(
  REFUSED.map((name) => [name, refusable(ownCover, (res: CoveredResponse) => res[COVER]![name])]),
);
const COVERED_LOOKS: Readonly<PropertyDescriptorMap> = Object.fromEntries(
  Object.entries(LOOKS).map(([name, look]) => {
    const get = looking(name, look, ownCover, (res) => Object.getPrototypeOf(res) as object);
    return [name, { configurable: true, get }];
  }),
);

/** Makes all responses that inherit from `base` ready for a cover: `covered` of theirs decides. */
export function patchPrototypeFacade(base: object, coveredOf: CoveredOf): void {
  for (const name of REFUSED) {
    const below = Reflect.get(base, name) as AnyMethod;
    const value = refusable(coveredOf, () => below);
    Object.defineProperty(base, name, { value, writable: true, configurable: true });
  }
  const parent = Object.getPrototypeOf(base) as object;
  for (const [name, look] of Object.entries(LOOKS)) {
    const get = looking(name, look, coveredOf, () => parent);
    Object.defineProperty(base, name, { get, configurable: true });
  }
}

/** A method that a response refuses under its cover. */
function refusable(coveredOf: CoveredOf, belowOf: (res: ServerResponse) => AnyMethod): AnyMethod {
  return function (this: ServerResponse, ...args) {
    return coveredOf(this)?.covered === true ? refuseHeader() : Reflect.apply(belowOf(this), this, args);
  };
}

/** A getter that tells what the cover shows, or else what stands below it. */
function looking(
  name: string,
  look: Look,
  coveredOf: CoveredOf,
  parentOf: (res: ServerResponse) => object,
): () => unknown {
  return function (this: ServerResponse) {
    const covered = coveredOf(this);
    return covered?.covered === true ? look(covered) : Reflect.get(parentOf(this), name, this);
  };
}

function refuseHeader(): never {
  throw Object.assign(new Error('Cannot set headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  });
}
