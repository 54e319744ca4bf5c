import { respond } from './respond.ts';
import { isUnsupported } from './turn-on.ts';
import type { Visit } from './visit.ts';

/** Keeps proxies from closing the connection, and finds out that the client is gone. */
const HEARTBEAT_MS = 20_000;
/** The rights are looked at again with the next connection. */
const LIFE_MS = 600_000;
/** Where the store cannot report the end of the session. */
const UNWATCHED_LIFE_MS = 30_000;

/**
 * Reports by server-sent events that something has happened: the page then asks for itself again, so that there is one
 * way to show it. Closed when the visitor's session ends.
 */
export function streamChanges({ log, session, request }: Visit): Response {
  const encoder = new TextEncoder();
  let stop: () => void = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string): void => {
        // A client that is slow learns of several changes at once.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(text));
      };
      const end = (): void => {
        stop();
        controller.close();
      };
      const unlisten = log.listen(() => send('event: change\ndata:\n\n'));
      const unwatch = watchEnd(session, end);
      const heartbeat = setInterval(send, HEARTBEAT_MS, ':\n\n');
      const life = setTimeout(end, unwatch === null ? UNWATCHED_LIFE_MS : LIFE_MS);
      heartbeat.unref();
      life.unref();
      let isOver = false;
      stop = () => {
        if (isOver) return;
        isOver = true;
        unlisten();
        unwatch?.();
        clearInterval(heartbeat);
        clearTimeout(life);
        request.signal.removeEventListener('abort', stop);
      };
      request.signal.addEventListener('abort', stop, { once: true });
      send(':\n\n');
    },
    cancel: () => stop(),
  });
  // Nothing on the way is to collect it: neither compression nor nginx.
  const more = { 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' };
  return respond(body, 'text/event-stream', 200, more);
}

/** Returns `null` where the end of the session cannot be watched. */
function watchEnd(session: Visit['session'], end: () => void): (() => void) | null {
  if (session.createdAt === null) return null;
  try {
    return session.onEnd(end);
  } catch (error) {
    if (isUnsupported(error)) return null;
    throw error;
  }
}
