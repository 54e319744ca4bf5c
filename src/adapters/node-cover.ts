import type { ServerResponse } from 'node:http';

/** A response that may be under cover. */
export interface Covered {
  readonly covered: boolean;
  /** Has `end()` been called? */
  readonly ended: boolean;
}

type Look = (covered: Covered) => unknown;

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

/** Covers one response; gives a function that takes the cover off. */
export function coverResponse(res: ServerResponse, covered: Covered): () => void {
  const cover: PropertyDescriptorMap = {};
  for (const name of REFUSED) cover[name] = { value: refuseHeader };
  for (const [name, look] of Object.entries(LOOKS)) cover[name] = { get: () => look(covered) };
  const before = Object.keys(cover).map((name) => [name, Object.getOwnPropertyDescriptor(res, name)] as const);
  for (const name of Object.keys(cover)) Object.defineProperty(res, name, { ...cover[name], configurable: true });
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(res, name);
      else Object.defineProperty(res, name, descriptor);
    }
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
