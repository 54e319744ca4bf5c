import type { WebsaunaSession } from '../../session/session.ts';
import { isMounted, type Mount } from '../mount.ts';
import type { CommittingExchange } from './committing-exchange.ts';

/** Loads the session of a request into a property of it, and calls `next`. */
export function attachSession<Data extends object, S extends WebsaunaSession<Data>>(
  exchange: CommittingExchange<Data, S>,
  mount: Mount,
  next: (error?: unknown) => void,
): void {
  const request = exchange.req as unknown as Record<string, S>;
  if (isMounted(request, mount)) return next();
  const opened = exchange.load();
  if (!(opened instanceof Promise)) {
    request[mount.property] = opened;
    return next();
  }
  opened.then((session) => {
    request[mount.property] = session;
    next();
  }, next);
}
