import type { StoredSession } from '../admin/stored-session.ts';
import { RefusedError, UsageError, type OptionValues } from './command.ts';
import { textOption } from './parse-command-line.ts';
import { printable, type Terminal } from './terminal.ts';

/** Who the audit trail says has ended a session, if it is written. */
export const BY = 'command line';

const HANDLE = /^[\w-]{43}$/;
const LONGEST_AGENT = 40;

/**
 * Requires the form of a handle: 43 characters, which a cookie or an id does not have.
 * @throws {UsageError} that does not quote what was given, because it may be a cookie
 */
export function checkHandle(text: string, name: string): string {
  if (HANDLE.test(text)) return text;
  throw new UsageError(
    `Expected ${name} to be a handle, the 43 characters that \`websauna-session list\` prints, not an id or a cookie`,
  );
}

type Shown = string | number | boolean | Date | null;

/** A session as an object for programs: times are ISO 8601, durations seconds. */
export function sessionObject(session: StoredSession): object {
  const { handle, owner, createdAt, authenticatedAt, lastSeenAt, expiresAt, timeout, remember } = session;
  const { method, clientAddress, userAgent } = session;
  return {
    handle,
    owner,
    method,
    createdAt,
    authenticatedAt,
    lastSeenAt,
    expiresAt,
    timeout,
    remember,
    clientAddress,
    userAgent,
  };
}

/** Prints sessions: a table, or an object for each. */
export function printSessions(sessions: readonly StoredSession[], terminal: Terminal): void {
  for (const session of sessions) terminal.object(sessionObject(session));
  terminal.table(
    ['HANDLE', 'OWNER', 'METHOD', 'SINCE', 'LAST SEEN', 'ADDRESS', 'AGENT'],
    sessions.map(({ handle, owner, method, authenticatedAt, createdAt, lastSeenAt, clientAddress, userAgent }) => [
      handle,
      owner ?? '-',
      method ?? '-',
      time(authenticatedAt ?? createdAt),
      time(lastSeenAt),
      clientAddress ?? '-',
      shorten(userAgent ?? '-'),
    ]),
  );
}

/** Prints everything that is known about one session. */
export function printSession(session: StoredSession, terminal: Terminal): void {
  terminal.object(sessionObject(session));
  for (const [name, value] of Object.entries(sessionObject(session)) as [string, Shown][]) {
    const text = value instanceof Date ? time(value) : String(value ?? '-');
    terminal.line(`${name.padEnd(15)}  ${printable(name === 'timeout' ? `${text} s` : text)}`);
  }
}

/** Returns a point in time in UTC, to the second. */
export function time(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

function shorten(text: string): string {
  return text.length > LONGEST_AGENT ? `${text.slice(0, LONGEST_AGENT - 3)}...` : text;
}

/**
 * Returns name and value of `--by`.
 * @throws {UsageError} when it is not of the form `name=value`
 */
export function indexOption(options: OptionValues): { readonly name: string; readonly value: string } | undefined {
  const text = textOption(options, 'by');
  if (text === undefined) return undefined;
  const equals = text.indexOf('=');
  if (equals > 0 && equals < text.length - 1) return { name: text.slice(0, equals), value: text.slice(equals + 1) };
  throw new UsageError('Expected --by to be name=value, as in the `index` of a login');
}

/** Requires the secret, by which sessions are found by owner and index. */
export function requireSecret(hasSecret: boolean): void {
  if (hasSecret) return;
  throw new UsageError(
    'Expected SESSION_SECRET to be set: sessions are found by their owner with the secret of the application',
  );
}

/** Returns the error of a session that is not there. */
export function noSuchSession(): RefusedError {
  return new RefusedError('There is no such session: it has ended, or has another handle since it was rotated');
}
