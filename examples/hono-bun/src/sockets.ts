import { Hono } from 'hono';
import { getConnInfo, upgradeWebSocket } from 'hono/bun';
import { upgradeSession } from 'websauna-session/ws';
import { factory, type AppSession } from './session';

interface Message {
  type: 'whoami' | 'draft';
  text?: string;
}

/** Sockets for those who are logged in, until they are not any longer. */
export const sockets = new Hono<{ Variables: { session: AppSession } }>();

sockets.use(async (c, next) => {
  const session = await upgradeSession(factory, c.req.raw, { clientAddress: getConnInfo(c).remote.address });
  if (session === null) return c.text('Log in first', 401);
  c.set('session', session);
  await next();
});

sockets.get(
  '/',
  upgradeWebSocket((c) => {
    const session: AppSession = c.get('session');
    let stop = (): void => {};
    return {
      onOpen(_event, socket) {
        stop = session.onEnd(() => socket.close(4401, 'Logged out'));
      },
      async onMessage({ data }, socket) {
        socket.send(JSON.stringify(await answer(session, JSON.parse(String(data)) as Message)));
      },
      onClose: () => stop(),
    };
  }),
);

async function answer(session: AppSession, { type, text = '' }: Message): Promise<string | null> {
  if (type === 'whoami') return session.owner;
  session.set('draft', text);
  try {
    await session.save(); // nothing else commits it
    return 'saved';
  } catch {
    return 'failed';
  }
}
