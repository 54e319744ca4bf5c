// Compiled by itself, never run: an application that has declared its types by augmentation.
import type { Request } from 'express';
import { createSessionFactory } from 'websauna-session';
import { sessions } from 'websauna-session/express';

declare module 'websauna-session' {
  interface SessionData {
    views: number;
  }
}

export const middleware = sessions(createSessionFactory({ secret: 'a secret of more than thirty-two bytes' }));

export function views(req: Request): number {
  req.session.data.views ??= 0;
  req.session.data.views += 1;
  // @ts-expect-error -- not in SessionData
  req.session.get('anything');
  // @ts-expect-error -- of another type
  req.session.set('views', 'two');
  return req.session.get('views', 0);
}
