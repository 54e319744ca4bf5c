import { html } from '../html.ts';
import { render } from '../layout.ts';
import { link } from '../link.ts';
import type { Visit } from '../visit.ts';

export function missingPage(visit: Visit): Response {
  return render(visit, {
    title: 'No such page',
    section: null,
    status: 404,
    content: html`<h1>There is no such page</h1>
      <p><a href="${link('')}">Go to the overview</a></p>`,
  });
}
