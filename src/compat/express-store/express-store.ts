/** The part of a store for express-session that is used: `touch` is optional. */
export interface ExpressStore {
  get(sid: string, callback: (error?: unknown, session?: object | null) => void): void;
  set(sid: string, session: never, callback?: (error?: unknown) => void): void;
  destroy(sid: string, callback?: (error?: unknown) => void): void;
  touch?(sid: string, session: never, callback?: (error?: unknown) => void): void;
}

type Session = Readonly<Record<string, unknown>>;

/** Returns what a store has for a name; `undefined` for nothing. */
export async function getSession(store: ExpressStore, name: string): Promise<Session | undefined> {
  const found = await new Promise<object | null | undefined>((resolve, reject) => {
    store.get(name, (error, session) => {
      // File stores report so that there is none.
      if ((error as { code?: unknown } | null | undefined)?.code === 'ENOENT') resolve(null);
      else if (error != null) reject(error);
      else resolve(session);
    });
  });
  return (found ?? undefined) as Session | undefined;
}

export function setSession(store: ExpressStore, name: string, session: object): Promise<void> {
  return done((callback) => store.set(name, session as never, callback));
}

export function destroySession(store: ExpressStore, name: string): Promise<void> {
  return done((callback) => store.destroy(name, callback));
}

/** Renews the time that a session lives; by writing it where the store has no `touch`. */
export function touchSession(store: ExpressStore, name: string, session: object): Promise<void> {
  if (typeof store.touch !== 'function') return setSession(store, name, session);
  return done((callback) => store.touch!(name, session as never, callback));
}

function done(work: (callback: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    work((error) => {
      if (error == null) resolve();
      else reject(error);
    });
  });
}
