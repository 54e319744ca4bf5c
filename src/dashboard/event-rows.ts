import type { LoggedEvent, LoggedEventName } from './event-log.ts';
import { clockTime, shortHandle } from './format.ts';
import { html, type Child, type Html } from './html.ts';
import { link } from './link.ts';

/** What colour an event has; the words say the same. */
type Tone = 'good' | 'bad' | 'warn' | 'plain';

const TONES: Readonly<Partial<Record<LoggedEventName, Tone>>> = {
  login: 'good',
  circuitClosed: 'good',
  rejected: 'warn',
  refused: 'warn',
  staleId: 'warn',
  cookieWarning: 'warn',
  cookieSuppressed: 'warn',
  invalidField: 'warn',
  discarded: 'warn',
  memoryEvicted: 'warn',
  storeError: 'bad',
  circuitOpen: 'bad',
  destroyed: 'bad',
  revoked: 'bad',
};

/** A list of events, the newest first. */
export function eventRows(events: readonly LoggedEvent[]): Html {
  if (events.length === 0) return html`<p class="empty">Nothing has happened yet.</p>`;
  return html`<ol class="list log">
    ${events.map(row)}
  </ol>`;
}

function row({ at, name, reason, handle, owner, detail, isForeign }: LoggedEvent): Html {
  return html`<li class="row">
    ${clockTime(at)}<span class="event ${TONES[name] ?? 'plain'}">${name}</span>
    <span class="grow">${reason}${reason !== null && detail !== null && ', '}${detail}</span>
    ${isForeign && html`<span class="hint">another process</span>`}
    ${ownerLink(owner)}${handle !== null && html`<a href="${link('session', { session: handle, owner })}">${shortHandle(handle)}</a>`}
  </li>`;
}

function ownerLink(owner: string | null): Child {
  return owner !== null && html`<a class="owner" href="${link('owner', { owner })}">${owner}</a>`;
}
