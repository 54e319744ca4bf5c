import { SessionError, type SessionLookup, type StoredField, type StoredSession } from '../../index.ts';
import { browserName } from '../browser-name.ts';
import { confirmedForm } from '../forms.ts';
import { bytes, count, duration, exactTime, relativeTime } from '../format.ts';
import { html, type Child, type Html } from '../html.ts';
import { facts, head, render } from '../layout.ts';
import { link } from '../link.ts';
import type { Visit } from '../visit.ts';

/** One session by its handle: its times, its limits and the names of its fields. */
export async function sessionPage(visit: Visit): Promise<Response> {
  const { factory, options, query } = visit;
  const handle = query.get('session') ?? '';
  const owner = query.get('owner') || undefined;
  // A session that is not anonymous and whose owner is not known would be looked for among all.
  const lookup: SessionLookup = owner === undefined ? { search: false } : { owner };
  const found = await factory.sessions.get(handle, lookup);
  if (found === undefined) return render(visit, notFound(handle, owner));
  const [name, fields] = await Promise.all([
    found.owner === null ? null : options.ownerName(found.owner),
    readFields(visit, handle, lookup),
  ]);
  const isOwn = found.handle === visit.session.handle;
  return render(visit, {
    title: 'Session',
    section: found.owner === null ? null : 'owners',
    content: html`${head(
        'Session',
        html`<code class="handle">${found.handle}</code>`,
        name !== null && html`<p class="crumbs"><a href="${link('owner', { owner: found.owner })}">${name}</a></p>`,
      )}
      <section id="session" data-live>
        <div class="bar">
          <h2>Times and limits</h2>
          ${isOwn && html`<span class="tag">This is you</span>`} ${visit.mayAct && !isOwn && endForm(visit, found)}
        </div>
        ${facts(factsOf(found, name))}
        <h2>Fields</h2>
        ${fieldList(fields)}
      </section>`,
  });
}

function factsOf(session: StoredSession, name: string | null): (readonly [Child, Child])[] {
  const { createdAt, lastSeenAt, authenticatedAt, expiresAt, timeout, remember, method, owner } = session;
  const { clientAddress, userAgent } = session;
  return [
    ['Owner', owner === null ? 'None: no login' : html`${name} ${name !== owner && html`<code>${owner}</code>`}`],
    ['Browser', html`${browserName(userAgent).name} <span class="hint">${userAgent ?? 'No user agent is kept'}</span>`],
    ['Address', clientAddress ?? 'Not kept'],
    ['Began', when(createdAt)],
    ['Logged in', authenticatedAt === null ? 'No' : when(authenticatedAt, method !== null && ` by ${method}`)],
    ['Last seen', when(lastSeenAt)],
    ['Ends when idle for', html`${duration(timeout)} <span class="hint">${idleEnd(lastSeenAt, timeout)}</span>`],
    ['Ends at the latest', expiresAt === null ? 'Never, while it is used' : when(expiresAt)],
    ['Cookie', COOKIES[String(remember) as keyof typeof COOKIES]],
  ];
}

const COOKIES = {
  true: 'Outlives the browser’s session',
  false: 'Ends with the browser’s session',
  null: 'As the factory says',
};

function when(date: Date, more: Child = null): Html {
  return html`${relativeTime(date)}${more} <span class="hint">${exactTime(date)}</span>`;
}

function idleEnd(lastSeenAt: Date, timeout: number): Child {
  return html`Unless it is used before, ${relativeTime(new Date(lastSeenAt.getTime() + timeout * 1000))}`;
}

function endForm(visit: Visit, { handle, owner }: StoredSession): Html {
  const fields = owner === null ? { handle } : { handle, owner };
  const question = 'The browser is logged out at its next request.';
  return confirmedForm(visit, 'end', fields, { label: 'End', question, confirm: 'End this session' });
}

interface ReadFields {
  readonly fields: readonly StoredField[];
  /** Whether values were to be shown, and one cannot be read. */
  readonly isUnreadable: boolean;
}

async function readFields({ factory, options }: Visit, handle: string, lookup: SessionLookup): Promise<ReadFields> {
  const names = async (): Promise<readonly StoredField[]> => (await factory.sessions.fields(handle, lookup)) ?? [];
  if (!options.showValues) return { fields: await names(), isUnreadable: false };
  try {
    return { fields: (await factory.sessions.fields(handle, { ...lookup, values: true })) ?? [], isUnreadable: false };
  } catch (error) {
    if (!(error instanceof SessionError && error.code === 'ERR_SESSION_SERIALIZE')) throw error;
    return { fields: await names(), isUnreadable: true };
  }
}

function fieldList({ fields, isUnreadable }: ReadFields): Html {
  if (fields.length === 0) return html`<p class="empty">The application has stored nothing in it.</p>`;
  const total = fields.reduce((sum, { size }) => sum + size, 0);
  return html`<p>${count(fields.length, 'field')}, ${bytes(total)}. Sizes are those of the stored form.</p>
    ${isUnreadable && html`<p class="note">A value cannot be read, so that none is shown: it was stored by another serializer, or with another key.</p>`}
    <ul class="list fields">
      ${fields.map(
        (field) =>
          html`<li class="row">
            <code class="grow">${field.name}</code><span class="muted">${bytes(field.size)}</span>
            ${'value' in field && html`<pre tabindex="0" aria-label="Value of ${field.name}">${valueText(field.value)}</pre>`}
          </li>`,
      )}
    </ul>`;
}

/** Values of rich serializers can be what JSON does not know. */
function valueText(value: unknown): string {
  try {
    return (
      JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each), 2) ?? 'undefined'
    );
  } catch {
    return String(value);
  }
}

function notFound(handle: string, owner: string | undefined): Parameters<typeof render>[1] {
  return {
    title: 'No such session',
    section: null,
    status: 404,
    content: html`${head(
        'No such session',
        owner === undefined
          ? 'No anonymous session has this handle. If it is the session of an owner, name the owner.'
          : 'It has ended, or has another handle since it was rotated, or is of another owner.',
      )}
      <form class="card stack" method="get" action="?">
        <input type="hidden" name="page" value="session" />
        <label for="session">Handle</label>
        <input id="session" name="session" value="${handle}" autocomplete="off" spellcheck="false" required />
        <label for="owner">Owner</label>
        <input id="owner" name="owner" value="${owner}" autocomplete="off" autocapitalize="none" spellcheck="false" />
        <button class="button">Look it up</button>
      </form>
      <p class="hint">
        Without the owner, <code>npx websauna-session show &lt;handle&gt;</code> looks through all sessions.
      </p>`,
  };
}
