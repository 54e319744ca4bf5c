import { count } from '../format.ts';
import { html, type Child, type Html } from '../html.ts';
import { head, render } from '../layout.ts';
import { link } from '../link.ts';
import type { OwnerMatch } from '../options.ts';
import { redirect } from '../respond.ts';
import type { Visit } from '../visit.ts';

/** Owners that a search shows. */
const MAX_MATCHES = 50;

/** Finds owners by what was typed, or the sessions of a login index. */
export async function ownersPage(visit: Visit): Promise<Response> {
  const typed = (visit.query.get('q') ?? '').trim();
  const matches = typed === '' ? null : await visit.options.findOwners(typed);
  if (matches?.length === 1) return redirect(link('owner', { owner: matches[0]!.owner }));
  return render(visit, {
    title: 'Owners',
    section: 'owners',
    content: html`${head('Find an owner', 'An owner is who has logged in. Look for one by name, or by a login index.')}
      <div class="columns">
        <form class="card stack" method="get" action="?">
          <input type="hidden" name="page" value="owners" />
          <label for="q">Owner</label>
          <input
            id="q"
            name="q"
            value="${typed}"
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
            required
          />
          <button class="button">Find</button>
        </form>
        <form class="card stack" method="get" action="?">
          <input type="hidden" name="page" value="index" />
          <label for="name">Name of a login index</label>
          <input id="name" name="name" placeholder="sid" autocomplete="off" autocapitalize="none" required />
          <label for="value">Its value</label>
          <input id="value" name="value" autocomplete="off" autocapitalize="none" spellcheck="false" required />
          <button class="button">Find</button>
        </form>
      </div>
      ${matches !== null && results(typed, matches)}`,
  });
}

function results(typed: string, matches: readonly OwnerMatch[]): Child {
  if (matches.length === 0) return html`<p class="empty">No owner was found by “${typed}”.</p>`;
  return html`<h2>${count(matches.length, 'owner')}</h2>
    <ul class="list">
      ${matches.slice(0, MAX_MATCHES).map(match)}
    </ul>
    ${matches.length > MAX_MATCHES && html`<p class="empty">These are the first ${MAX_MATCHES}: type more of the name.</p>`}`;
}

function match({ owner, name }: OwnerMatch): Html {
  return html`<li class="row">
    <a class="grow" href="${link('owner', { owner })}">${name}</a>${name !== owner && html`<code>${owner}</code>`}
  </li>`;
}
