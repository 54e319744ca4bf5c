import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import {
  DEFERRED,
  DeferredResponse,
  interceptMethods,
  type BeforeHeaders,
  type DeferrableResponse,
  type InterceptedMethods,
} from './deferred-response.ts';
import { interceptStream } from './http2-stream.ts';
import { patchedOriginals } from './prototype-patch.ts';

/**
 * Runs a hook before the headers leave, whichever way they are sent. A response can have several. Nothing is
 * buffered unless one of them has to wait; then all calls are, in order.
 */
export function deferResponse(res: DeferrableResponse, hook: BeforeHeaders): void {
  const known = res[DEFERRED];
  if (known !== undefined) {
    known.hooks.push(hook);
    return;
  }
  const patched = patchedOriginals(res);
  if (patched !== undefined) {
    res[DEFERRED] = new DeferredResponse(res, patched, [hook], true);
  } else {
    const { writeHead, write, end, flushHeaders } = res as unknown as InterceptedMethods;
    const deferred = new DeferredResponse(res, { writeHead, write, end, flushHeaders }, [hook], false);
    res[DEFERRED] = deferred;
    // One by one, which is faster than `Object.assign`: every request comes by here.
    res.writeHead = METHODS.writeHead as ServerResponse['writeHead'];
    res.write = METHODS.write as ServerResponse['write'];
    res.end = METHODS.end as ServerResponse['end'];
    res.flushHeaders = METHODS.flushHeaders;
    interceptStream(res, deferred);
  }
  res.on('pipe', rememberSource);
}

const METHODS: InterceptedMethods = interceptMethods((res: DeferrableResponse) => res[DEFERRED]!);

function rememberSource(this: DeferrableResponse, source: Readable): void {
  this[DEFERRED]!.pipedSources.push(source);
}
