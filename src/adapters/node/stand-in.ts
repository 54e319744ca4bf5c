import { ServerResponse } from 'node:http';
import type { ResponseHead } from '../../exchange.ts';
import { AbsentHead } from '../absent-head.ts';
import { NodeHead } from './head.ts';

const METHODS = [
  ...(['writeHead', 'write', 'end', 'flushHeaders', 'on', 'once'] as const),
  ...(['getHeader', 'hasHeader', 'setHeader', 'appendHeader', 'removeHeader'] as const),
];

/**
 * Returns whether the response can wait for a commit. Engine.IO hands middleware an object with five methods at a
 * handshake, examples of ws an empty one; and in a response of unenv (Nitro, h3) the body must be there as soon
 * as the handler returns.
 */
export function canWait(res: ServerResponse): boolean {
  if (res instanceof ServerResponse) return true;
  return !isUnenv(res) && METHODS.every((name) => typeof res[name] === 'function');
}

/** Returns the head of a response that cannot wait. */
export function standInHead(res: ServerResponse): ResponseHead {
  return isUnenv(res) ? new NodeHead(res) : new AbsentHead();
}

function isUnenv(res: object): boolean {
  return '__unenv__' in res;
}
