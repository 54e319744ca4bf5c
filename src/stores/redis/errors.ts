import { SessionError } from '../../errors.ts';

/** Means that there is no connection over which a command could be sent; `cause` says why, where that is known. */
export class ConnectionError extends Error {
  static {
    ConnectionError.prototype.name = 'ConnectionError';
  }
}

/** Means that a reply cannot be one to the command that was sent: the client has lost count of its replies. */
export class MisdirectedReplyError extends ConnectionError {
  constructor() {
    super('Redis sent a reply that is not one to the command, so it is not known what the command did');
  }

  static {
    MisdirectedReplyError.prototype.name = 'MisdirectedReplyError';
  }
}

/**
 * Returns whether the server itself refused. Its errors begin with a code in capitals, as in `OOM command not
 * allowed`. All other errors of a client mean that the server could not be asked.
 */
export function isServerReply(error: unknown): error is Error {
  return error instanceof Error && !('code' in error) && /^[A-Z][A-Z\d]+(?: |$)/.test(error.message);
}

/** Returns whether an error is a mistake in a program, ours or the client library's, and no fault of the connection. */
export function isProgrammerError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SessionError;
}

/** Returns whether the server refuses the login. It answers all the same, so a connection that is in use is not at fault. */
export function isLoginRefusal(error: unknown): boolean {
  return isServerReply(error) && /^(?:WRONGPASS|NOAUTH)\b|\bAUTH\b|invalid password/.test(error.message);
}

/** Returns whether a server refuses a command because it is a replica, and so no longer the master. */
export function isReplicaReply(error: unknown): boolean {
  return isServerReply(error) && /^(?:READONLY|MASTERDOWN) /.test(error.message);
}

/** Returns whether the server does not know the script, or no longer, and has to be sent its source. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

/** Returns the error of a command on a client that has lost its connection. */
export function offlineError(): ConnectionError {
  return new ConnectionError('Redis cannot be reached: the client is not connected');
}

/** Returns the error of a command whose connection broke, and that the client library sent again by itself. */
export function ambiguousResultError(): ConnectionError {
  return new ConnectionError('The connection to Redis broke, so it is not known what the command did');
}

/** The part of a server's message that quotes a command that it does not know. */
const ARGUMENTS = /, with args.*/s;

/**
 * Removes the arguments of the command from an error: keys, data, and the password of an AUTH or HELLO. ioredis
 * attaches them to its errors, and servers quote them.
 */
export function redactCommand(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if ('command' in error) Reflect.deleteProperty(error, 'command');
  const { message, stack } = error;
  if (ARGUMENTS.test(message)) {
    error.message = message.replace(ARGUMENTS, '');
    error.stack = stack?.replace(message, () => error.message) ?? '';
  }
  return error;
}

/** Returns the error of a command that timed out. */
export function timeoutError(seconds: number): SessionError {
  return new SessionError(
    'ERR_SESSION_STORE_TIMEOUT',
    `Redis did not answer within ${seconds} s; check its load and the network, or raise \`redis.socketTimeout\``,
  );
}

/**
 * Returns the error of a command that could not be sent, or whose connection broke. Frameworks send messages to
 * clients, so that the server is named in `cause`.
 * @param server - The name of the server, for a connection of our own.
 */
export function unavailableError(fault: unknown, server?: string): SessionError {
  const cause = causeAt(fault, server);
  return new SessionError('ERR_SESSION_STORE_UNAVAILABLE', describeConnectionError(fault), { cause });
}

/** Returns the error behind one of the store's: what went wrong, and with which server. */
export function causeAt(fault: unknown, server: string | undefined): unknown {
  if (server === undefined || fault instanceof SessionError) return fault;
  return new ConnectionError(`${server}: ${messageOf(rootOf(fault))}`, { cause: fault });
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message.replace(ARGUMENTS, '') : String(fault);
}

/** Describes why Redis cannot be used. Names no address, and quotes nothing that a server or library says. */
export function describeConnectionError(fault: unknown): string {
  const root = rootOf(fault);
  if (root instanceof ConnectionError) return root.message;
  if (isLoginRefusal(root)) {
    return 'Redis refused the login: authentication failed; check `redis.username` and `redis.password`';
  }
  if (isServerReply(root)) return `Redis refused the connection (${replyCode(root)})`;
  if (root instanceof Error && root.message === 'The client is closed') {
    return "The Redis client is closed: call its connect() before the first request, and don't close it";
  }
  const code = root instanceof Error && 'code' in root && typeof root.code === 'string' ? ` (${root.code})` : '';
  return `Redis cannot be reached${code}`;
}

/** Returns the first word of a server's error, such as OOM or READONLY; the rest can quote arguments and addresses. */
function replyCode({ message }: Error): string | undefined {
  return /^[A-Z][A-Z\d]+/.exec(message)?.[0];
}

function rootOf(fault: unknown): unknown {
  return fault instanceof ConnectionError && fault.cause !== undefined ? rootOf(fault.cause) : fault;
}

/** Returns whether a key holds another type than the command expects. */
export function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}

/** Returns the error that the store reports when Redis refuses an operation. */
export function storeError(operation: string, error: unknown): unknown {
  if (error instanceof SessionError) return error;
  const code = error instanceof Error ? replyCode(error) : undefined;
  return new SessionError('ERR_SESSION_STORE', `Redis refused to ${operation} a session${code ? ` (${code})` : ''}`, {
    cause: error,
  });
}

/** Returns the error of a store that is asked for ends which it does not publish. */
export function endsNotPublished(): SessionError {
  return new SessionError(
    'ERR_SESSION_UNSUPPORTED',
    'The ends of sessions are not published: set `redis.publishEnds` to `true` in every process',
  );
}

/** Returns the error of a store that was made without a way to receive messages. */
export function eventsNotReceived(): SessionError {
  return new SessionError(
    'ERR_SESSION_UNSUPPORTED',
    'The events of other processes cannot be received: make the store with `createRedisStore`',
  );
}
