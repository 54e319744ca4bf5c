const PROXY_ADVICE =
  'Set `trustProxy`, or what the framework has for it: `trust proxy` in Express, `trustProxy` in Fastify, `app.proxy` in Koa';

const CACHEABLE =
  'A response that shared caches may store got no session cookie or token, so what it wrote to a new session was discarded. ' +
  'Answer with `Cache-Control: no-store`, or without `Cache-Control` and `Expires`, where a session begins';

const CROSS_SITE =
  'A request from another site came without a session cookie, which `cookie.sameSite` keeps from it, so what it wrote to ' +
  'a new session was discarded: the cookie would have replaced the one that the client may have. ' +
  'Call `session.login(owner)` there, or leave what has to be kept to the next page';

/**
 * What is reported on the console, once for each factory and text, outside production and tests: by event, and by its
 * reason where it has one. A developer sees these before the application has any listener. Each says what
 * happened, and then what to do.
 */
export const WARNINGS: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  cookieWarning: {
    'untrusted-proxy':
      'A proxy says that a request came over HTTPS, but the application trusts no proxy, so the session cookie is ' +
      `not \`Secure\`, or, with \`cookie.secure: true\`, neither sent nor read. ${PROXY_ADVICE}`,
    'secure-over-http':
      'A request came over plain HTTP, where `cookie.secure: true` forbids the session cookie: it is neither sent nor ' +
      `read. Use HTTPS, or \`cookie.secure: 'auto'\` for development. ${PROXY_ADVICE}, where a proxy ends HTTPS`,
    path:
      'A session cookie was set on a page outside of `cookie.path`, so the browser will not send it back there. ' +
      'Use sessions below that path only, or a shorter `cookie.path`',
    domain:
      'A session cookie was set on a host outside of `cookie.domain`, so the browser refuses it. ' +
      'Leave `cookie.domain` out, unless other hosts of the same site shall have the cookie',
    several:
      'A request came with several session cookies, and the first that opens a session is used. ' +
      'Delete the one that a former `cookie.path` or `cookie.domain`, or another host of the site, has set',
  },
  cookieSuppressed: { cacheable: CACHEABLE, 'cross-site': CROSS_SITE },
  discarded: {
    cacheable: CACHEABLE,
    'cross-site': CROSS_SITE,
    ignored:
      'A request wrote to its session although its URL has none, so the changes were discarded. ' +
      'Move the route, or leave its URL out of the `ignore` option',
    late:
      "A session was changed after the response's headers had left, so the changes were discarded. " +
      'Make them before the response, or call `await session.save()` after them',
  },
  lateRead:
    "A session was first used after the response's headers had left, so they could not tell caches that the response " +
    'is personal. Call `session.markPersonal()`, or use the session, before the response begins',
  cacheControlOverridden:
    'Something let shared caches store a response with a session cookie or token, after the session was committed. They ' +
    "would have handed it to others, so the response's `Cache-Control` was replaced. " +
    'Set caching headers before the response, and not on one that starts a session',
  invalidField:
    'A stored session field does not fit its schema, so it counts as absent. ' +
    'Set `schemaVersion` and `migrate` to bring older shapes forward, or accept them in the schema. The event ' +
    '`invalidField` says which field it is, and where it does not fit',
  rejected: {
    signature:
      'A session cookie or token was signed with none of the secrets of this factory. Two middlewares share the name of ' +
      'the cookie, or the secret is another one since the last start. Use one factory for an application, ' +
      'or names of their own (`cookie.name`), and a `secret` that stays',
  },
};
