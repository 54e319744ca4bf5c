import type { AuditEntry } from '../index.ts';
import { relativeTime, shortHandle } from './format.ts';
import { html, type Child, type Html } from './html.ts';
import { link } from './link.ts';
import { isUnsupported, turnOn } from './turn-on.ts';
import type { Visit } from './visit.ts';

/** Entries on one page. */
const PAGE_SIZE = 25;

/** What has happened to an owner's sessions, the newest first. */
export async function auditTrail(visit: Visit, owner: string): Promise<Html> {
  const entries = await read(visit, owner);
  const cursor = visit.query.get('audit');
  const next = entries !== null && entries.length > PAGE_SIZE ? entries[PAGE_SIZE - 1]!.id : null;
  return html`<section id="audit" data-live>
    <h2>Audit trail</h2>
    ${
      entries === null
        ? turnOn(
            'The audit trail is off.',
            'audit: true',
            'It keeps logins, logouts and revocations, without ids and values.',
          )
        : list(entries.slice(0, PAGE_SIZE), owner)
    }
    <p class="more">
      ${cursor !== null && html`<a href="${link('owner', { owner })}#audit">Newest</a>`}
      ${next !== null && html`<a href="${link('owner', { owner, audit: next })}#audit">Older</a>`}
    </p>
  </section>`;
}

/** Returns one entry more than a page has, to know whether there is another one; `null` when the trail is off. */
async function read({ factory, query }: Visit, owner: string): Promise<readonly AuditEntry[] | null> {
  const after = query.get('audit');
  try {
    return await factory.audit.read({ owner, limit: PAGE_SIZE + 1, ...(after !== null && { after }) });
  } catch (error) {
    // A cursor that is none came by the address.
    if (error instanceof TypeError && after !== null) return [];
    if (isUnsupported(error)) return null;
    throw error;
  }
}

const TONES: Readonly<Partial<Record<AuditEntry['event'], string>>> = {
  login: 'good',
  revoked: 'bad',
  reused: 'warn',
  'id-reuse': 'bad',
};

function list(entries: readonly AuditEntry[], owner: string): Child {
  if (entries.length === 0) return html`<p class="empty">Nothing is recorded.</p>`;
  return html`<ol class="list log">
    ${entries.map(
      ({ at, event, handle, method, by }) =>
        html`<li class="row">
          ${relativeTime(at)}<span class="event ${TONES[event] ?? 'plain'}">${event}</span>
          <span class="grow">${method !== null && `by ${method}`}${by !== null && `by ${by}`}</span>
          <a href="${link('session', { session: handle, owner })}">${shortHandle(handle)}</a>
        </li>`,
    )}
  </ol>`;
}
