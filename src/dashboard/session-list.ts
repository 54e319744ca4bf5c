import type { OwnedSession, StoredSession } from '../index.ts';
import { browserName } from './browser-name.ts';
import { actForm } from './forms.ts';
import { relativeTime } from './format.ts';
import { html, type Child, type Html } from './html.ts';
import { icon } from './icons.ts';
import { link } from './link.ts';
import type { Visit } from './visit.ts';

/** Sessions on one page. */
const PAGE_SIZE = 50;

export interface SessionPageOf<S extends StoredSession> {
  readonly sessions: readonly S[];
  /** The last handle of this page, if there are more; else `null`. */
  readonly next: string | null;
}

/** Returns the sessions that come after the handle in the query. */
export function pageOf<S extends StoredSession>({ query }: Visit, all: readonly S[]): SessionPageOf<S> {
  const after = query.get('after');
  const start = after === null ? 0 : all.findIndex(({ handle }) => handle === after) + 1;
  const sessions = all.slice(start, start + PAGE_SIZE);
  const isLast = start + sessions.length >= all.length;
  return { sessions, next: isLast ? null : sessions.at(-1)!.handle };
}

/** A list of devices, each with a button that ends its session. */
export function sessionList(visit: Visit, sessions: readonly OwnedSession[]): Html {
  return html`<ul class="list" aria-label="Sessions">
    ${sessions.map((session) => item(visit, session))}
  </ul>`;
}

function item(visit: Visit, session: OwnedSession): Html {
  const { handle, owner, userAgent, clientAddress, lastSeenAt } = session;
  const browser = browserName(userAgent);
  return html`<li class="row device">
    <span class="badge">${icon(browser.mobile ? 'phone' : 'computer')}</span>
    <div class="grow">
      <a class="title" href="${link('session', { session: handle, owner })}">${browser.name}</a>
      ${session.current && html`<span class="tag">This is you</span>`}
      <p class="meta">
        <span>Seen ${relativeTime(lastSeenAt)}</span>
        <span>${loginOf(session)}</span>
        <span>${clientAddress ?? 'Address unknown'}</span>
      </p>
    </div>
    ${visit.mayAct && !session.current && endForm(visit, session, browser.name)}
  </li>`;
}

function loginOf({ method, authenticatedAt, createdAt }: StoredSession): Child {
  if (authenticatedAt === null) return html`Began ${relativeTime(createdAt)}`;
  return html`Logged in ${relativeTime(authenticatedAt)}${method !== null && ` by ${method}`}`;
}

/** A button that ends a session. */
export function endForm(visit: Visit, { handle, owner }: StoredSession, what: string): Html {
  const button = html`<button class="button quiet small" aria-label="End ${what}">End</button>`;
  return actForm(visit, 'end', owner === null ? { handle } : { handle, owner }, button);
}
