import type { ServerResponse } from 'node:http';

/**
 * Makes a response that waits for its session look as it would without one: sent. Code that asks whether
 * it may still answer, or adds a header to what it has handed over, is told the same as ever.
 *
 * @param ended has `end()` been called?
 * @returns a function that takes the cover off
 */
export function coverResponse(res: ServerResponse, ended: () => boolean): () => void {
  // Not `finished`, by which `server.close()` tells which connections are idle and may be cut.
  const cover: PropertyDescriptorMap = {
    headersSent: { get: () => true },
    writableEnded: { get: ended },
    writableFinished: { get: () => false },
    setHeader: { value: refuseHeader },
    appendHeader: { value: refuseHeader },
    removeHeader: { value: refuseHeader },
  };
  const covered = Object.keys(cover).map((name) => [name, Object.getOwnPropertyDescriptor(res, name)] as const);
  for (const name of Object.keys(cover)) Object.defineProperty(res, name, { ...cover[name], configurable: true });
  return () => {
    for (const [name, descriptor] of covered) {
      if (descriptor === undefined) Reflect.deleteProperty(res, name);
      else Object.defineProperty(res, name, descriptor);
    }
  };
}

function refuseHeader(): never {
  throw Object.assign(new Error('Cannot set headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  });
}
