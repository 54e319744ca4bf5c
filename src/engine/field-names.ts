// The names under which a store keeps the fields of a session. Names that begin with `@` belong to the library:
// `@` and at most one of s, r, v, e to the stores (see `SessionStore`), those below to the engine.

/** The CSRF secret, or one for each secret of a rotation. */
export const CSRF_FIELD = '@c';
/** A login that waits for its second factor: owner, method, begin and end in milliseconds. */
export const PENDING_LOGIN_FIELD = '@p';
/** The flash message on the session that follows one which `invalidateBefore` has ended. */
export const SESSION_INVALIDATED = 'session-invalidated';

const AT = 0x40;

/** Returns the name of an application's field in the store: a name that begins with `@` gets one more. */
export function fieldName(key: string): string {
  return key.charCodeAt(0) === AT ? `@${key}` : key;
}

/** Returns the application's key for a stored field; `undefined` for fields of the engine and the store. */
export function keyOfField(name: string): string | undefined {
  if (name.charCodeAt(0) !== AT) return name;
  return name.charCodeAt(1) === AT ? name.slice(1) : undefined;
}

/** Returns whether a store keeps the field for itself. */
export function isStoreField(name: string): boolean {
  return name === '@' || name === '@s' || name === '@r' || name === '@v' || name === '@e';
}

/** Returns what the field names of a flash queue begin with. Each message is a field of its own, so that none is lost. */
export function flashPrefix(queue: string): string {
  return `@f${encodeURIComponent(queue)}:`;
}
