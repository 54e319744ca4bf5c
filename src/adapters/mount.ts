import { describe } from '../internal/validate.ts';

/** One session middleware: whose sessions it opens, and where it puts them. */
export interface Mount {
  readonly factory: object;
  readonly property: string;
  /** The middleware that ran before, when there are several. */
  readonly outer?: Mount;
}

/** In a request, or in the framework's context of it: the session middleware that ran last. */
const MOUNT: unique symbol = Symbol('websauna-session.mount');

type Mounted = object & { [MOUNT]?: Mount };

const reported = new Set<string>();

/**
 * Returns whether this request has the session already, because the middleware is mounted twice. Reports, once,
 * another factory that uses the same property.
 */
export function isMounted(holder: Mounted, mount: Mount): boolean {
  const last = holder[MOUNT];
  if (last === undefined) {
    holder[MOUNT] = mount;
    return false;
  }
  for (let each: Mount | undefined = last; each !== undefined; each = each.outer) {
    if (each.property !== mount.property) continue;
    if (each.factory === mount.factory) return true;
    reportTaken(mount.property);
  }
  holder[MOUNT] = { ...mount, outer: last };
  return false;
}

/** Returns whether a session middleware of this factory has put its session into this property. */
export function hasMount(holder: Mounted, { factory, property }: Mount): boolean {
  for (let each = holder[MOUNT]; each !== undefined; each = each.outer) {
    if (each.property === property && each.factory === factory) return true;
  }
  return false;
}

/**
 * Throws when the application has put null or undefined in the place of the session. Other libraries end a session that
 * way; here it would live on.
 * @throws {TypeError}
 */
export function assertInPlace(holder: object, property: string): void {
  const value = (holder as Record<string, unknown>)[property];
  if (value !== undefined || property in holder) assertSession(value, property);
}

/** Does the same for a value that was read from its place. */
export function assertSession(value: unknown, property: string): void {
  if (value !== null && value !== undefined) return;
  throw new TypeError(
    `Expected \`${property}\` to be the session until the response leaves, got ${describe(value)}. ` +
      'That does not end the session: call `session.logout()` or `session.invalidate()`',
  );
}

function reportTaken(property: string): void {
  if (reported.has(property)) return;
  reported.add(property);
  const message =
    `Two session middlewares use the property \`${property}\`: the second takes the place of the first. ` +
    'Give one of them another `property`, or both the same factory';
  // Not every runtime of the Hono adapter has it.
  const { process } = globalThis as { process?: Partial<NodeJS.Process> };
  process?.emitWarning?.(message, { code: 'WEBSAUNA_SESSION_PROPERTY_TAKEN', type: 'SessionWarning' });
}
