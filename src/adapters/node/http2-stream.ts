import type { ServerResponse } from 'node:http';
import type { ResponseHead } from '../../exchange.ts';
import { HeaderMapHead } from './head.ts';

/** Commits before a stream is answered past its response. */
export interface StreamOwner {
  /** Whether nothing has been sent yet, and no commit has begun. */
  readonly untouched: boolean;
  /** Whether a commit is under way. */
  readonly pending: boolean;
  /** Resolves to whether the answer was sent, once a commit has begun. */
  readonly committed: Promise<boolean> | undefined;
  /** Commits to this head, then sends. Returns `undefined` when the caller can send at once. */
  beginStream(head: ResponseHead, send: () => void): Promise<boolean> | undefined;
  /** Checks the head when it is about to be serialised. */
  finalize(head: ResponseHead): void;
}

const OWNER: unique symbol = Symbol('websauna-session.streamOwner');

type AnyMethod = (...args: unknown[]) => unknown;
type SendMethod = 'respond' | 'respondWithFD' | 'respondWithFile';
type BodyMethod = '_write' | '_writev' | '_final';
type AnyStream = Record<SendMethod | BodyMethod, AnyMethod> & {
  [OWNER]?: StreamOwner;
  readonly closed: boolean;
  close(code: number): void;
};
type Http2Response = ServerResponse & { readonly stream?: AnyStream };

/** RFC 9113 section 7. */
const INTERNAL_ERROR = 2;

/** Makes calls that an application makes to the HTTP/2 stream behind its response wait for the commit. */
export function interceptStream({ stream }: Http2Response, owner: StreamOwner): void {
  if (stream === undefined) return;
  stream[OWNER] = owner;
  stream.respond = METHODS.respond;
  stream.respondWithFD = METHODS.respondWithFD;
  stream.respondWithFile = METHODS.respondWithFile;
  stream._write = METHODS._write;
  stream._writev = METHODS._writev;
  stream._final = METHODS._final;
}

/** Ends a stream of which the commit has failed: its body may be complete, and no other can be sent. */
export function closeStream({ stream }: Http2Response): void {
  stream?.close(INTERNAL_ERROR);
}

const METHODS = {
  respond: sendWhenCommitted('respond', 0),
  respondWithFD: sendWhenCommitted('respondWithFD', 1),
  respondWithFile: sendWhenCommitted('respondWithFile', 1),
  _write: writeWhenCommitted('_write'),
  _writev: writeWhenCommitted('_writev'),
  _final: writeWhenCommitted('_final'),
};

function sendWhenCommitted(name: SendMethod, headersAt: number): AnyMethod {
  return function (this: AnyStream, ...args) {
    const owner = this[OWNER]!;
    if (owner.pending) throw headersSent();
    if (!owner.untouched) return Reflect.apply(originalOf(this, name), this, args);
    const head = new HeaderMapHead(args[headersAt] as ConstructorParameters<typeof HeaderMapHead>[0]);
    const send = (): void => {
      owner.finalize(head);
      args[headersAt] = head.headers;
      Reflect.apply(originalOf(this, name), this, args);
    };
    if (owner.beginStream(head, send) === undefined) send();
    return undefined;
  };
}

function writeWhenCommitted(name: BodyMethod): AnyMethod {
  return function (this: AnyStream, ...args) {
    const owner = this[OWNER]!;
    if (owner.untouched && name !== '_final' && !this.closed) this.respond();
    const write = (): unknown => Reflect.apply(originalOf(this, name), this, args);
    // A stream that its client has closed ends at once.
    if (!owner.pending || (this.closed && name === '_final')) return write();
    // What belongs to a commit that fails is dropped: the stream is closed by then.
    return owner.committed!.then((sent) => (sent ? write() : undefined));
  };
}

function originalOf(stream: AnyStream, name: SendMethod | BodyMethod): AnyMethod {
  return (Object.getPrototypeOf(stream) as AnyStream)[name];
}

function headersSent(): Error {
  return Object.assign(new Error('Response has already been initiated'), { code: 'ERR_HTTP2_HEADERS_SENT' });
}
