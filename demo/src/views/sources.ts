import { html, type Html } from './html.ts';
import type { View } from './layout.ts';

/** A file of the repository, as a link to the page that shows it. */
export function sourceLink(path: string, text = path): Html {
  return html`<a href="/source/${path}">${text}</a>`;
}

export function code(text: string, label: string): Html {
  return html`<pre tabindex="0" role="region" aria-label="${label}"><code>${text.trimEnd()}</code></pre>`;
}

export function sourcePage(path: string, text: string): View {
  return {
    title: path,
    content: html`<header class="page-head">
        <p class="eyebrow">${path.endsWith('.md') ? 'Documentation' : 'Source'}</p>
        <h1 class="path">${path}</h1>
        <p class="lead">From the files that this site runs on. <a href="/source">All files</a></p>
      </header>
      ${code(text, path)}`,
  };
}

const GROUPS = [
  { title: 'Documentation', includes: (path: string) => path.endsWith('.md') },
  { title: 'The demo', includes: (path: string) => path.startsWith('demo/') },
  { title: 'The library', includes: (path: string) => path.startsWith('src/') },
];

export function sourceListPage(paths: readonly string[]): View {
  const groupOf = (path: string): number => GROUPS.findIndex(({ includes }) => includes(path));
  return {
    title: 'Source and documentation',
    content: html`<header class="page-head">
        <h1>Source and documentation</h1>
        <p class="lead">Everything that runs here, and how to use it.</p>
      </header>
      ${GROUPS.map(
        ({ title }, index) =>
          html`<h2>${title}</h2>
            <ul class="files">
              ${paths.filter((path) => groupOf(path) === index).map((path) => html`<li>${sourceLink(path)}</li>`)}
            </ul>`,
      )}`,
  };
}
