// A session keeps its data in the store, so what is assigned to the object itself is lost. That must not happen in
// silence: other session libraries keep data exactly so. A proxy around each session would cost every access; these
// setters and the one proxy behind the prototypes are met by assignments and by unknown names alone.
import { sanitizeForMessage } from '../internal/validate.ts';

/** What to do instead of assigning to a member, where it is not to set a field of its name. */
const MEMBER_ADVICE: Readonly<Record<string, string>> = {
  data: '`session.assign(...)` sets several fields',
  flash:
    'connect-flash does not work with this session: leave messages with `session.flash(message, queue)` and take them with `session.popFlash(queue)`',
};

const COMMIT_ADVICE = 'The session is committed before the response leaves; `await session.save()` commits it earlier';
const ID_ADVICE = 'The secret is `session.id`, and the name for logs and tools is `session.handle`';
const LIFETIME_ADVICE =
  'The `timeout` and `cookie.maxAge` options set the lifetimes, and `session.adjustTimeout(seconds)` that of one session';
const SIZE_ADVICE = 'Use `session.size > 0`';

/** Methods of other session libraries, and what to call instead. */
const FOREIGN_METHODS: Readonly<Record<string, string>> = {
  commit: COMMIT_ADVICE,
  destroy: '`session.logout()` or `session.invalidate()` ends the session at the commit',
  manuallyCommit: COMMIT_ADVICE,
  regenerate: '`session.login(owner)` gives the session its owner and a new id, and `session.rotate()` a new id alone',
  reset: '`session.logout()` or `session.invalidate()` ends the session, and `session.clear()` deletes its fields',
  resetMaxAge: 'The cookie is renewed by itself: see `cookie.maxAge` and `touchInterval`',
  setDuration: LIFETIME_ADVICE,
  touch: 'The idle timeout is renewed by itself, at most once in `touchInterval` seconds',
  unset: '`session.delete(key)` deletes a field',
  updateConfig: LIFETIME_ADVICE,
};

/** Properties of other session libraries, and what to read instead. */
const FOREIGN_PROPERTIES: Readonly<Record<string, string>> = {
  cookie: 'The `cookie` option sets the attributes, and `session.adjustTimeout(seconds)` the lifetime of one session',
  encryptedSessionId: ID_ADVICE,
  isChanged: 'Only what has changed is stored, so that the application need not ask',
  isPopulated: SIZE_ADVICE,
  maxAge: LIFETIME_ADVICE,
  populated: SIZE_ADVICE,
  sessionID: ID_ADVICE,
  sessionId: ID_ADVICE,
};

/**
 * Makes assignments to the members of a prototype throw, on objects that are sealed. Accessors are used for methods,
 * too, because sloppy mode ignores an assignment to a property that is only read-only.
 */
export function guardMembers(prototype: object, isSealed: (session: object) => boolean): void {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor') continue;
    const { value, writable: _, ...accessor } = descriptor;
    const method: unknown = value;
    if (typeof method === 'function') Object.freeze(method);
    const advice = Object.hasOwn(MEMBER_ADVICE, name) ? MEMBER_ADVICE[name] : undefined;
    define(prototype, name, typeof method === 'function' ? { get: () => method } : accessor, isSealed, advice);
  }
}

/** Adds the names that other session libraries have, each of which says what to use instead. */
export function addForeignNames(prototype: object, isSealed: (session: object) => boolean): void {
  for (const [name, advice] of Object.entries(FOREIGN_METHODS)) {
    const refuse = refusal(`session.${name}()`, advice);
    define(prototype, name, { get: () => refuse }, isSealed, advice);
  }
  for (const [name, advice] of Object.entries(FOREIGN_PROPERTIES)) {
    const refuse = refusal(`session.${name}`, advice);
    define(prototype, name, { get: refuse }, isSealed, advice);
  }
}

function refusal(member: string, advice: string): () => never {
  return () => {
    throw new TypeError(`\`${member}\` belongs to another session library. ${advice}`);
  };
}

/** Makes assignments to names that are no members throw, on objects that are sealed. The prototype must have no parent of its own. */
export function guardOtherNames(prototype: object, isSealed: (session: object) => boolean): void {
  const handler: ProxyHandler<object> = {
    set(_, name, value, receiver: object) {
      // Symbols are marks of tools, and no field's name.
      if (typeof name === 'string' && isSealed(receiver)) {
        throw new TypeError(
          `Expected ${fieldAdvice(name)}, got an assignment to \`session${access(name)}\`, which would not be stored`,
        );
      }
      return defineOwn(receiver, name, value);
    },
  };
  Object.setPrototypeOf(prototype, new Proxy({}, handler));
}

function define(
  prototype: object,
  name: string,
  accessor: PropertyDescriptor,
  isSealed: (session: object) => boolean,
  memberAdvice: string | undefined,
): void {
  Object.defineProperty(prototype, name, {
    ...accessor,
    set(this: object, value: unknown) {
      if (!isSealed(this)) {
        defineOwn(this, name, value);
        return;
      }
      const advice = memberAdvice === undefined ? '' : `. ${memberAdvice}`;
      throw new TypeError(
        `Expected ${fieldAdvice(name)}, got an assignment to \`session${access(name)}\`, which the library has taken${advice}`,
      );
    },
    enumerable: false,
    configurable: true,
  });
}

function defineOwn(object: object, name: string | symbol, value: unknown): boolean {
  return Reflect.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

function fieldAdvice(name: string): string {
  const key = sanitizeForMessage(name);
  return `a field to be set by \`session.set('${key}', ...)\` or \`session.data${access(name)} = ...\``;
}

function access(name: string): string {
  return /^[a-z_$][\w$]*$/i.test(name) ? `.${sanitizeForMessage(name)}` : `['${sanitizeForMessage(name)}']`;
}
