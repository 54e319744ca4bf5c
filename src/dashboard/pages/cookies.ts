import { inspectCookie, type CookieInspection } from '../../index.ts';
import { checkCookie, type CookieCheck, type ProbeResult } from '../cookie-checks.ts';
import type { EventCount, EventLog, LoggedEventName } from '../event-log.ts';
import { exactTime, number, relativeTime } from '../format.ts';
import { code, html, type Child, type Html } from '../html.ts';
import { icon } from '../icons.ts';
import { facts, head, render } from '../layout.ts';
import { link } from '../link.ts';
import { DISCARDED, REJECTED, SUPPRESSED, WARNED } from '../reasons.ts';
import { redirect } from '../respond.ts';
import type { Visit } from '../visit.ts';

const WORDS = { yes: 'Yes', no: 'No', unsure: 'Unknown' };

/** Why a session does not stick: the way of this request's cookie, and what has stopped others in this process. */
export function cookiesPage(visit: Visit): Response {
  const found = inspectCookie(visit.session);
  const checks = checkCookie(found, visit.session, probeResult(visit));
  const lead =
    'The way of a session’s cookie, step by step, as this request of yours shows it. Open the page in the browser and at the address that has the trouble.';
  return render(visit, {
    title: 'Cookie check',
    section: 'cookies',
    content: html`${head('Why does my session not stick?', lead)}
      <div class="bar">
        <h2>This request</h2>
        <a class="button" href="${link('probe')}">Try it</a>
      </div>
      <ol class="list checks">
        ${checks.map(checkRow)}
      </ol>
      <h2>The cookie</h2>
      ${facts(cookieFacts(found))}
      <section id="reasons" data-live>${reasonList(visit.log)}</section>`,
  });
}

/** Makes sure that there is a session whose cookie can come back, and looks for it with the next request. */
export function probeCookie({ session }: Visit): Response {
  // Stores a session, if there is none.
  if (session.createdAt === null) session.getCsrfToken();
  return redirect(link('cookies', { sent: session.handle }));
}

function probeResult({ query, session }: Visit): ProbeResult {
  const sent = query.get('sent');
  if (sent === null) return null;
  if (session.isNew) return 'lost';
  return session.handle === sent ? 'back' : 'other';
}

function checkRow({ title, result, seen }: CookieCheck): Html {
  return html`<li class="row check ${result}">
    <span class="badge">${icon(result)}</span>
    <div class="grow">
      <h3>${title} <span class="verdict">${WORDS[result]}</span></h3>
      <p>${seen}</p>
    </div>
  </li>`;
}

function cookieFacts({ cookie, transport }: CookieInspection): (readonly [Child, Child])[] {
  if (transport === 'header') return [['Transport', 'The Authorization header: there is no cookie.']];
  return [
    ['Name', html`<code>${cookie.name}</code>`],
    ['Path', html`<code>${cookie.path}</code>`],
    ['Domain', cookie.domain === null ? 'This host alone' : html`<code>${cookie.domain}</code>`],
    ['Secure', cookie.secure ? 'Yes' : 'No'],
    ['HttpOnly', cookie.httpOnly ? 'Yes' : 'No'],
    ['SameSite', cookie.sameSite],
    ['Partitioned', cookie.partitioned ? 'Yes' : 'No'],
  ];
}

const MEANINGS: Readonly<Partial<Record<LoggedEventName, Readonly<Record<string, string>>>>> = {
  rejected: REJECTED,
  cookieWarning: WARNED,
  cookieSuppressed: SUPPRESSED,
  discarded: DISCARDED,
};

function reasonList(log: EventLog): Html {
  const counts = log.counts(Object.keys(MEANINGS) as LoggedEventName[]);
  return html`<h2>What has stopped others</h2>
    <p class="hint">In this process, since ${exactTime(log.since)}.</p>
    ${
      counts.length === 0
        ? html`<p class="empty">No cookie was rejected or withheld, and no change discarded.</p>`
        : html`<ul class="list">
            ${counts.map(reasonRow)}
          </ul>`
    }`;
}

function reasonRow({ name, reason, count, last }: EventCount): Html {
  return html`<li class="row reason">
    <strong>${number(count)}</strong>
    <div class="grow">
      <h3>${name}: ${reason}</h3>
      <p>${code(MEANINGS[name]?.[reason ?? ''] ?? '')} <span class="hint">Last ${relativeTime(last)}.</span></p>
    </div>
  </li>`;
}
