import type { ServerResponse } from 'node:http';

/** A response that may be under cover. */
export interface Covered {
  readonly covered: boolean;
  /** Has `end()` been called? */
  readonly ended: boolean;
}

type Look = (covered: Covered) => unknown;
type AnyMethod = (...args: unknown[]) => unknown;

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
  covered: Covered;
}
type CoveredResponse = ServerResponse & { [COVER]?: Cover };

/**
 * Puts a cover over one response; `covered` decides from then on whether it is there. It is never taken
 * off, and its functions are the same for all responses: to delete a property, or to define one that is
 * an object's own, makes that object slow, and leaves a hidden class behind for the garbage collector.
 */
export function coverResponse(res: CoveredResponse, covered: Covered): void {
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

const COVERED_METHODS = Object.fromEntries(REFUSED.map((name) => [name, coveredMethod(name)]));

function coveredMethod(name: (typeof REFUSED)[number]): AnyMethod {
  return function (this: CoveredResponse, ...args) {
    const cover = this[COVER]!;
    return cover.covered.covered ? refuseHeader() : Reflect.apply(cover[name], this, args);
  };
}

const COVERED_LOOKS: Readonly<PropertyDescriptorMap> = Object.fromEntries(
  Object.entries(LOOKS).map(([name, look]) => [name, { configurable: true, get: coveredLook(name, look) }]),
);

function coveredLook(name: string, look: Look): () => unknown {
  return function (this: CoveredResponse) {
    const { covered } = this[COVER]!;
    return covered.covered ? look(covered) : Reflect.get(Object.getPrototypeOf(this) as object, name, this);
  };
}

/** Makes all responses that inherit from `base` ready for a cover: `covered` of theirs decides. */
export function prepareCover(base: object, coveredOf: (res: ServerResponse) => Covered | undefined): void {
  const cover: PropertyDescriptorMap = {};
  for (const name of REFUSED) {
    const below = Reflect.get(base, name) as (...args: unknown[]) => unknown;
    cover[name] = {
      writable: true,
      value(this: ServerResponse, ...args: unknown[]): unknown {
        return coveredOf(this)?.covered === true ? refuseHeader() : below.apply(this, args);
      },
    };
  }
  const parent = Object.getPrototypeOf(base) as object;
  for (const [name, look] of Object.entries(LOOKS)) {
    cover[name] = {
      get(this: ServerResponse): unknown {
        const covered = coveredOf(this);
        return covered?.covered === true ? look(covered) : Reflect.get(parent, name, this);
      },
    };
  }
  for (const name of Object.keys(cover)) Object.defineProperty(base, name, { ...cover[name], configurable: true });
}

function refuseHeader(): never {
  throw Object.assign(new Error('Cannot set headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  });
}
