import type { CookieInspection, WebsaunaSession } from '../index.ts';
import { code, html, type Child } from './html.ts';
import { WARNED } from './reasons.ts';

/** One step on the way of a cookie, and what was seen of it. */
export interface CookieCheck {
  readonly title: string;
  readonly result: 'yes' | 'no' | 'unsure';
  readonly seen: Child;
}

/** What came of the cookie that a session had a request ago; `null` where none was looked for. */
export type ProbeResult = 'back' | 'other' | 'lost' | null;

/** Walks along the way of a session's cookie: from the browser to here, to the store, and back. */
export function checkCookie(found: CookieInspection, session: WebsaunaSession, probe: ProbeResult): CookieCheck[] {
  if (found.transport === 'header') return [checkSignature(found), checkStore(found, session)];
  return [
    checkConnection(found),
    checkPresence(found),
    checkSignature(found),
    checkStore(found, session),
    checkScope(found),
    checkSite(found),
    checkSeveral(found),
    checkProbe(probe),
  ];
}

function checkConnection({ secure, forwardedProto, problems, cookie }: CookieInspection): CookieCheck {
  const title = 'The connection lets the cookie through';
  const proxy =
    forwardedProto === null
      ? 'No proxy says which scheme the browser speaks.'
      : html`A proxy says <code>X-Forwarded-Proto: ${forwardedProto}</code>.`;
  const scheme = `The application takes the connection for ${secure ? 'HTTPS' : 'plain HTTP'}, and the cookie is ${cookie.secure ? '' : 'not '}Secure.`;
  const problem = problems.find((each) => each === 'secure-over-http' || each === 'untrusted-proxy');
  if (problem !== undefined) return { title, result: 'no', seen: html`${scheme} ${proxy} ${code(WARNED[problem])}` };
  return { title, result: 'yes', seen: html`${scheme} ${proxy}` };
}

function checkPresence({ received, hasOtherCookies, cookie }: CookieInspection): CookieCheck {
  const title = 'The browser sent it';
  if (received.length > 0)
    return { title, result: 'yes', seen: html`A cookie named <code>${cookie.name}</code> came.` };
  const others = hasOtherCookies
    ? 'Other cookies came, so that the browser does send cookies here.'
    : 'No cookie came at all: the browser may block cookies, or a proxy may remove them.';
  return { title, result: 'no', seen: html`No cookie named <code>${cookie.name}</code> came. ${others}` };
}

function checkSignature({ received }: CookieInspection): CookieCheck {
  const title = 'This application signed it';
  if (received.length === 0) return { title, result: 'unsure', seen: 'There is none to look at.' };
  if (received.includes('signed')) return { title, result: 'yes', seen: 'One of the secrets has signed it.' };
  return received.includes('signature')
    ? {
        title,
        result: 'no',
        seen: 'It has the form of ours, and none of the secrets has signed it: processes with different secrets, or a secret that was replaced.',
      }
    : { title, result: 'no', seen: 'It does not have the form of ours: another application uses the same name.' };
}

function checkStore({ received }: CookieInspection, session: WebsaunaSession): CookieCheck {
  const title = 'The store has its session';
  if (!received.includes('signed'))
    return { title, result: 'unsure', seen: 'Without a signed cookie it is not asked.' };
  if (!session.isNew) return { title, result: 'yes', seen: 'It was found, and this page uses it.' };
  const { endedBefore } = session;
  const why =
    endedBefore === null
      ? 'It has ended or expired, Redis was emptied or evicts keys, or this process uses another server or prefix.'
      : `It has ended: ${endedBefore.reason}.`;
  return { title, result: 'no', seen: why };
}

function checkScope({ cookie, problems, host }: CookieInspection): CookieCheck {
  const title = 'Its domain and path cover this page';
  const scope = html`The cookie is for
    ${cookie.domain === null ? 'this host alone' : html`<code>${cookie.domain}</code>`} and the path
    <code>${cookie.path}</code>; the host is <code>${host ?? 'unknown'}</code>.`;
  const found = problems.filter((each) => each === 'path' || each === 'domain');
  if (found.length === 0) return { title, result: 'yes', seen: scope };
  return { title, result: 'no', seen: html`${scope} ${found.map((each) => code(`${WARNED[each]} `))}` };
}

function checkSite({ cookie, fetchSite }: CookieInspection): CookieCheck {
  const title = 'SameSite allows it here';
  const attribute = html`It has <code>SameSite=${cookie.sameSite}</code>`;
  if (fetchSite === null)
    return { title, result: 'unsure', seen: html`${attribute}. The browser does not say where it comes from.` };
  const came = html`${attribute}, and the request came as <code>${fetchSite}</code>.`;
  if (fetchSite !== 'cross-site' || cookie.sameSite === 'none') return { title, result: 'yes', seen: came };
  return cookie.sameSite === 'lax'
    ? {
        title,
        result: 'yes',
        seen: html`${came} A link from another site may bring it; a form or a frame of one may not.`,
      }
    : { title, result: 'no', seen: html`${came} It does not come with the first request from another site.` };
}

function checkSeveral({ received }: CookieInspection): CookieCheck {
  const title = 'There is only one';
  if (received.length < 2) return { title, result: 'yes', seen: `${received.length === 0 ? 'None' : 'One'} came.` };
  return { title, result: 'no', seen: code(`${received.length} came. ${WARNED.several}`) };
}

function checkProbe(probe: ProbeResult): CookieCheck {
  const title = 'It comes back';
  if (probe === null) return { title, result: 'unsure', seen: 'This has not been tried: press “Try it”.' };
  return { title, result: probe === 'back' ? 'yes' : 'no', seen: PROBED[probe] };
}

const PROBED: Readonly<Record<NonNullable<ProbeResult>, string>> = {
  back: 'A cookie was sent, and the next request brought it back.',
  other: 'The next request brought another session: there are several cookies, or several stores.',
  lost: 'A cookie was sent, and the next request came without it. The steps above say why.',
};
