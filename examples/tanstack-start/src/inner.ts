import { createServerFn } from '@tanstack/react-start';
import { getSession } from 'websauna-session/context';
import { factory } from './session.server.ts';

/** On the server, a loader that calls it stays in its own request, and has one session with it. */
export const visitInner = createServerFn({ method: 'POST' })
  .validator((name: string) => name)
  .handler(({ data: name }) => {
    const session = getSession(factory);
    session.set('inner', name);
    return `Inner: ${session.owner ?? 'stranger'}`;
  });
