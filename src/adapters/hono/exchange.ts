import type { ServerResponse } from 'node:http';
import type { Context } from 'hono';
import type { ProxyTrust } from '../../exchange.ts';
import { FetchExchange } from '../fetch/exchange.ts';
import { onceClosed } from '../node/closed.ts';

/** What `@hono/node-server` hands to the application. */
interface NodeBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
  readonly outgoing?: ServerResponse;
}

export function nodeBindings(c: Context): NodeBindings {
  return (c.env ?? {}) as NodeBindings;
}

/** Returns the exchange of a context. On Node it can say when its response is over. */
export function createExchange(c: Context, factory: ProxyTrust, peer: string | null): FetchExchange {
  const { outgoing } = nodeBindings(c);
  return outgoing === undefined
    ? new FetchExchange(factory, c.req.raw, peer, c)
    : new HonoNodeExchange(c, factory, peer, outgoing);
}

class HonoNodeExchange extends FetchExchange {
  readonly #outgoing: ServerResponse;

  constructor(c: Context, factory: ProxyTrust, peer: string | null, outgoing: ServerResponse) {
    super(factory, c.req.raw, peer, c);
    this.#outgoing = outgoing;
  }

  onClose(callback: () => void): void {
    onceClosed(this.#outgoing, callback);
  }
}
