import { html, type Child, type Html } from './html.ts';
import { icon } from './icons.ts';
import { link } from './link.ts';
import { page } from './respond.ts';
import type { Visit } from './visit.ts';

/** The queue of the messages that a page shows once. */
export const MESSAGES = 'websauna-session/dashboard';

/** What a page puts into the layout. */
export interface View {
  readonly title: string;
  /** Which entry of the navigation it belongs to. */
  readonly section: 'overview' | 'owners' | 'events' | 'cookies' | null;
  readonly content: Child;
  readonly status?: number;
}

const SECTIONS = [
  { section: 'overview', page: '', name: 'Overview' },
  { section: 'owners', page: 'owners', name: 'Owners' },
  { section: 'events', page: 'events', name: 'Events' },
  { section: 'cookies', page: 'cookies', name: 'Cookie check' },
] as const;

/** Sends a page, with the messages that wait for it. */
export function render({ options, session, query }: Visit, view: View): Response {
  const messages = takeMessages(session);
  return page(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <title>${view.title} · ${options.title}</title>
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <link rel="icon" href="${link('icon')}" type="image/svg+xml" />
          <link rel="stylesheet" href="${link('style')}" />
          <script src="${link('script')}" defer></script>
        </head>
        <body>
          <a class="skip" href="#content">Skip to content</a>
          <header class="top">
            <a class="brand" href="${link('')}">${options.title}</a>
            <nav aria-label="Dashboard">
              ${SECTIONS.map(
                (each) =>
                  html`<a href="${link(each.page)}" ${each.section === view.section && html`aria-current="page"`}
                    >${each.name}</a
                  >`,
              )}
            </nav>
            <form class="search" role="search" method="get" action="?">
              <input type="hidden" name="page" value="owners" />
              <input
                type="search"
                name="q"
                aria-label="Find an owner"
                placeholder="Find an owner"
                autocomplete="off"
                value="${query.get('page') === 'owners' && query.get('q')}"
              />
              <button aria-label="Search">${icon('search')}</button>
            </form>
          </header>
          <main id="content">
            ${messages.map((text) => html`<p class="message" role="status">${text}</p>`)}${view.content}
          </main>
          <footer>
            <p>Times are in UTC. <span data-live-state hidden></span></p>
          </footer>
        </body>
      </html> `,
    view.status,
  );
}

/** Nothing is taken where there is nothing, so that most pages write nothing. */
function takeMessages(session: Visit['session']): string[] {
  if (session.degraded || session.peekFlash(MESSAGES).length === 0) return [];
  return session.popFlash(MESSAGES).map(String);
}

export function head(title: Child, lead: Child, before: Child = null): Html {
  return html`<header class="head">
    ${before}
    <h1>${title}</h1>
    <p class="lead">${lead}</p>
  </header>`;
}

/** A list of names and values. */
export function facts(rows: readonly (readonly [name: Child, value: Child])[]): Html {
  return html`<dl class="facts">
    ${rows.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
