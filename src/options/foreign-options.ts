// Options of other session libraries, and what takes their place here. Names that are close to one of ours need no entry.

/** By the names that express-session, cookie-session, koa-session and connect-redis know. */
export const FOREIGN_OPTIONS: Readonly<Record<string, string>> = {
  cookieOptions: 'Use `cookie`',
  disableTTL: 'Leave it out: every session has a lifetime. `absoluteTimeout: null` lets active ones go on for ever',
  disableTouch: 'Use `touchInterval`, which says how often reading renews the idle timeout',
  genid: 'Use `idGenerator`',
  idleTimeout: 'Use `timeout`, in seconds',
  key: 'Use `cookie.name`',
  keys: 'Use `secret`, which takes several, too',
  maxAge: 'Use `cookie.maxAge` for the cookie and `timeout` for the session, both in seconds',
  name: 'Use `cookie.name`',
  proxy: 'Use `trustProxy`, or what the framework has for it, such as `trust proxy` in Express',
  resave: 'Leave it out: only what changed is stored',
  rolling: 'Use `cookie.maxAge`: the cookie is renewed while the session is used',
  saveUninitialized: 'Leave it out: a session without content is never stored',
  scanCount: 'Leave it out: an owner has an index, and `factory.sessions.scan()` reads a page at a time',
  ttl: 'Use `timeout`, in seconds',
  unset: 'Call `session.logout()` or `session.invalidate()` where the session shall end',
};

/** Inside of `cookie`. */
export const FOREIGN_COOKIE_OPTIONS: Readonly<Record<string, string>> = {
  encode: 'Leave it out: the value has no character that needs it',
  expires: 'Use `cookie.maxAge`, in seconds',
  overwrite: 'Leave it out: a response sets the cookie at most once',
  signed: 'Leave it out: the cookie is always signed',
};
