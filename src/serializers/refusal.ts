import { SessionError } from '../errors.ts';

/** A value that a serializer does not keep: where it is, what it is, and what to do. */
export interface Loss {
  /** From the value that was to be written, as in `.items[0]`; empty for that itself. */
  readonly path: string;
  /** A predicate, such as `is a Date`. */
  readonly what: string;
  readonly advice: string;
}

/**
 * Returns the error for a value that cannot be written.
 * @param how the format, as in `as JSON`
 * @param other what else there is to pass, but what the loss advises
 */
export function refusal(
  field: string,
  how: string,
  { path, what, advice }: Loss,
  other: string,
  cause: unknown,
): SessionError {
  // Flash messages are stored beside their time.
  const place = field.startsWith(FLASH) ? `message${path.replace(/^\[1\]/, '')}` : `${nameOf(field) || 'value'}${path}`;
  return new SessionError(
    'ERR_SESSION_SERIALIZE',
    `Cannot write ${titleOf(field)} ${how}: \`${place}\` ${what}. ${advice}, or pass ${other}`,
    cause === undefined ? undefined : { cause },
  );
}

/** What the engine's names of flash fields begin with. */
const FLASH = '@f';

export function titleOf(field: string): string {
  if (field === '') return 'a session field';
  return field.startsWith(FLASH) ? 'a flash message' : `session field \`${nameOf(field)}\``;
}

/** Returns the application's name of a field: one that begins with `@` is stored with one more. */
function nameOf(field: string): string {
  return field.replace(/^@(?=@)/, '').slice(0, 100);
}
