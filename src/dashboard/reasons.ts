import type { CookieSuppressionReason, CookieWarningReason, DiscardReason, RejectReason } from '../index.ts';

// What the reasons of events mean for a session that does not stick, and what to do. Every reason has its line: the
// compiler notices one that is missing.

export const REJECTED: Readonly<Record<RejectReason, string>> = {
  malformed: 'The cookie is not of this library’s form. Another application uses the same name: set `cookie.name`.',
  signature:
    'No secret of this process has signed the cookie. All processes need the same `secret`; after a change, keep the old one as the second of a list.',
  insecure: 'It came over plain HTTP, and `cookie.secure` is true. Use HTTPS, or set `trustProxy` behind a proxy.',
  'not-found':
    'It is signed, but there is no such session: it has expired or ended, Redis was emptied or evicts keys, or the processes use different servers or prefixes. `websauna-session doctor` looks at Redis.',
  expired: 'A lifetime was shortened since the session began. It ends; this passes.',
  superseded: 'A login has just given this browser another id. The next request has it; this passes.',
  owner:
    'The secret under which the owner had logged in was removed. Keep old secrets until their sessions have ended.',
  rotated: 'The id was replaced longer ago than `rotationGrace`: a browser that was away, a copied cookie, or a thief.',
  'authentication-changed': '`invalidateBefore` says that the login is from before a change, such as of the password.',
  corrupt:
    'The stored record cannot be read: another version of the library wrote it, or another program. See the detail of the event.',
};

export const WARNED: Readonly<Record<CookieWarningReason, string>> = {
  'secure-over-http':
    '`cookie.secure` is true, and the request came over plain HTTP, so that the cookie is neither sent nor read. Use HTTPS, or leave `cookie.secure` at `auto`.',
  'untrusted-proxy':
    'A proxy says that the browser speaks HTTPS, and the application does not trust it. Set `trustProxy` (in Express `trust proxy`) to the number of proxies in front.',
  path: 'The request’s path is outside `cookie.path`, so that the browser does not send the cookie here.',
  domain:
    'The request’s host is outside `cookie.domain`, so that the browser refuses the cookie. Leave it out for the host alone.',
  several:
    'The browser has several cookies of this name, from other paths or domains. The first that opens a session counts: delete the others, or choose another `cookie.name`.',
};

export const SUPPRESSED: Readonly<Record<CookieSuppressionReason, string>> = {
  cacheable: 'Shared caches may store the response, so that it must not carry a cookie. See `cookielessHeaders`.',
  exception: 'The handler failed, and `cookie.onException` is false.',
  insecure: 'The request came over plain HTTP, and `cookie.secure` is true.',
  'cross-site': '`cookie.sameSite` kept the cookie from a request of another site, so that no new one replaces it.',
};

export const DISCARDED: Readonly<Record<DiscardReason, string>> = {
  gone: 'The session had been ended elsewhere while the request ran.',
  superseded: 'A login of another request gave the browser a new session meanwhile.',
  rotated: 'The session goes on under an id that this client may not learn.',
  cacheable: 'A new session was not stored, because shared caches may store the response.',
  insecure: 'A new session was not stored, because its cookie could not be sent over plain HTTP.',
  'cross-site': 'A new session would have replaced the one whose cookie `cookie.sameSite` kept from the request.',
  exception: 'The handler failed, and `cookie.onException` is false.',
  'commit-failed': 'The store failed at the commit.',
  late: 'The response had left. Call `await session.save()` in what runs on after it.',
  ignored: 'The URL has no sessions: see the option `ignore`.',
};
