import type { Session } from 'websauna-session';
import { html, type Child, type Html } from './html.ts';
import type { View } from './layout.ts';
import { duration, time } from './time.ts';

/** Everything about a session but its id: that is the secret in the cookie, and belongs on no page. */
export function sessionPage(session: Session): View {
  return {
    title: 'Session',
    content: html`<header class="page-head">
        <h1>Your session</h1>
        <p class="lead">
          This is all that the server keeps. Your browser keeps one cookie, with a random id that only this server can
          read anything into.
        </p>
      </header>
      <dl class="facts">${factsOf(session).map(factRow)}</dl>
      <h2>Data</h2>
      <p>
        Every field is stored by itself: requests that change different ones at the same time do not undo each other.
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
  const timeHint = 'By the clock of the store. It starts again with each login.';
  return [
    { name: 'Handle', value: handle, hint: 'A hash of the id: safe in logs and pages, and useless as a cookie.' },
    { name: 'New', value: session.isNew ? 'Yes: nothing was stored before this request' : 'No' },
    { name: 'Created', value: when(session.createdAt, 'Not stored yet'), hint: timeHint },
    { name: 'Last seen', value: when(session.lastSeenAt, 'Not stored yet') },
    { name: 'Ends if unused for', value: duration(session.timeout) },
    { name: 'Ends at the latest', value: when(session.expiresAt, 'Not stored yet'), hint: 'However much it is used.' },
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
  return date === null ? otherwise : time(date, 'second');
}
