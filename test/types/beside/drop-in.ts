// An application that has put the drop-in in the place of express-session, with its augmentation of the types.
import type { Request } from 'express';
import { MemoryStore as OldMemoryStore, type SessionOptions as OldOptions } from 'express-session';
import session, { createStore, handleOf, Store, type SessionData as AnyData } from 'websauna-session/express-session';

declare module 'express-session' {
  interface SessionData {
    visits: number;
    passport: { user?: string };
  }
}

/** What was written for express-session. */
const options: OldOptions = {
  secret: ['a', Buffer.from('b')],
  resave: false,
  rolling: true,
  store: new OldMemoryStore(),
};

export const middleware = [
  session(options),
  session({ secret: 'a', store: createStore(), cookie: { sameSite: 'auto' }, owner: ({ passport }) => passport?.user }),
  session({
    secret: 'a',
    redis: { url: 'redis://localhost' },
    ttl: 60,
    cookie: (req: Request) => ({ path: req.path }),
  }),
  // @ts-expect-error -- the name of no option
  session({ secret: 'a', savUninitialized: false }),
  // @ts-expect-error -- the name of no field
  session({ secret: 'a', owner: ({ visitor }) => visitor }),
];

/** A store as applications extend it. */
export class OwnStore extends Store {
  get(_sid: string, callback: (error: unknown, data?: AnyData | null) => void): void {
    callback(null, null);
  }

  set(_sid: string, _data: AnyData, callback?: (error?: unknown) => void): void {
    callback?.();
  }

  destroy(_sid: string, callback?: (error?: unknown) => void): void {
    callback?.();
  }
}

export function count(req: Request): number {
  req.session.visits = (req.session.visits ?? 0) + 1;
  // @ts-expect-error -- the type of no field
  req.session.visits = 'many';
  req.session.save((error: unknown) => void error);
  return handleOf(req).length + (req.session.cookie.originalMaxAge ?? 0);
}

export const publicNames = session.MemoryStore !== undefined && middleware.map(({ factory }) => factory.owners);
