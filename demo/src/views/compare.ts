import type { ContestantName } from '../compare/contestant.ts';
import { readSource, versionOf } from '../sources.ts';
import { html, type Child, type Html } from './html.ts';
import { code, sourceLink } from './sources.ts';

const PAGES = [
  { path: '/compare', name: 'Lost updates' },
  { path: '/compare/logout', name: 'Logout race' },
];

/** What both pages begin with. */
export function compareHead(path: string, title: string, lead: Child): Html {
  const links = PAGES.map(
    (page) => html`<a href="${page.path}" ${page.path === path && html`aria-current="page"`}>${page.name}</a>`,
  );
  return html`<nav class="tabs" aria-label="Comparisons">${links}</nav>
    <header class="page-head">
      <h1>${title}</h1>
      <p class="lead">${lead}</p>
    </header>`;
}

const FILES: Readonly<Record<ContestantName, string>> = {
  'express-session': 'demo/apps/express-session.js',
  'websauna-session': 'demo/apps/websauna-session.js',
};

/** Read at the start, as the program was. */
const TEXTS = Object.entries(FILES).map(([name, file]) => ({ name, file, text: readSource(file) }));

/** The applications that are compared, side by side: the files that run. */
export function compareCode(): Html {
  return html`<h2>The code that runs</h2>
    <p>This server runs both files exactly as they are shown here. Their routes are the same.</p>
    <div class="columns">
      ${TEXTS.map(
        ({ name, file, text }) =>
          html`<section>
            <h3>${name} <span class="version">${versionOf(name)}</span></h3>
            <p class="meta">${sourceLink(file)}</p>
            ${code(text, file)}
          </section>`,
      )}
    </div>`;
}
