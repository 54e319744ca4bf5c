import type { Session } from 'websauna-session';
import { html, type Child, type Html } from './html.ts';
import type { View } from './layout.ts';
import { duration, timeAgo, timeUntil } from './time.ts';

/** Everything about a session but its id: that is the secret in the cookie, and belongs on no page. */
export function sessionPage(session: Session): View {
  return {
    title: 'Session',
    sources: ['routes/pages.ts', 'views/session.ts'],
    content: html`<header class="page-head">
        <h1>Your session</h1>
        <p class="lead">
          This is everything that the server stores about you. Your browser stores one cookie with a random id, which
          means nothing to anyone but this server.
        </p>
      </header>
      <dl class="facts">${factsOf(session).map(factRow)}</dl>
      <h2>Data</h2>
      <p>
        Each field is stored separately, so requests that change different fields at the same time do not undo each
        other.
      </p>
      <pre><code>${JSON.stringify(session, null, 2)}</code></pre>`,
  };
}

interface Fact {
  readonly name: string;
  readonly value: Child;
  readonly hint?: string;
}

function factsOf(session: Session): readonly Fact[] {
  const handle = html`<code id="handle">${session.handle}</code>`;
  const timeHint = "By the store's clock. Each login starts it again.";
  return [
    { name: 'Handle', value: handle, hint: 'A hash of the id: safe to log and to show, and useless as a cookie.' },
    { name: 'New', value: session.isNew ? 'Yes: nothing was stored before this request' : 'No' },
    { name: 'Created', value: when(session.createdAt, 'Not stored yet'), hint: timeHint },
    { name: 'Last seen', value: when(session.lastSeenAt, 'Not stored yet') },
    { name: 'Expires when idle for', value: duration(session.timeout) },
    {
      name: 'Expires at the latest',
      value: session.expiresAt === null ? 'Not stored yet' : timeUntil(session.expiresAt),
      hint: 'However much it is used.',
    },
    { name: 'Logged in', value: when(session.authenticatedAt, 'Not logged in') },
    { name: 'Logged in by', value: session.method ?? '–' },
    { name: 'Address', value: session.clientAddress ?? 'Unknown' },
    { name: 'Browser', value: session.userAgent ?? 'Unknown' },
  ];
}

function factRow({ name, value, hint }: Fact): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}${hint !== undefined && html`<p class="hint">${hint}</p>`}</dd>
  </div>`;
}

function when(date: Date | null, otherwise: string): Child {
  return date === null ? otherwise : timeAgo(date);
}
