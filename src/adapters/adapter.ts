import type { ServerResponse } from 'node:http';
import type { SessionFactory } from '../factory.ts';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { addFinalChecks } from './node/final-gate.ts';

export type { Exchange, ProxyTrust, ResponseCookie, ResponseHead } from '../exchange.ts';
export { FetchExchange } from './fetch/exchange.ts';
export { FetchHead } from './fetch/head.ts';
export { NodeExchange } from './node/exchange.ts';
export { NodeHead } from './node/head.ts';
export { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';

/**
 * Calls `factory.finalize()` where Node serialises the head of a response, after everything that could have written into
 * it. For frameworks on `node:http` whose last hook comes before that.
 *
 * @example
 * ```ts
 * await factory.commit(session, head);
 * finalizeBeforeSend(factory, session, res);
 * ```
 */
export function finalizeBeforeSend<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
>(factory: SessionFactory<Data, S>, session: S, res: ServerResponse): void {
  addFinalChecks(res, [{ finalize: (head) => factory.finalize(session, head) }]);
}
