import { confirmedForm } from '../forms.ts';
import { count } from '../format.ts';
import { html } from '../html.ts';
import { head, render } from '../layout.ts';
import { link } from '../link.ts';
import { pageOf, sessionList } from '../session-list.ts';
import type { Visit } from '../visit.ts';
import { missingPage } from './missing.ts';

/** The sessions of a login index, such as those of one session at an identity provider. */
export async function indexPage(visit: Visit): Promise<Response> {
  const name = visit.query.get('name') ?? '';
  const value = visit.query.get('value') ?? '';
  if (name === '' || value === '') return missingPage(visit);
  const listed = await visit.factory.owners.listBy(name, value);
  const all = listed.map((each) => ({ ...each, current: each.handle === visit.session.handle }));
  const { sessions, next } = pageOf(visit, all);
  const question = `Everyone who is logged in with this ${name} is logged out, also where that is you.`;
  const texts = { label: 'End all', question, confirm: `End ${count(all.length, 'session')}` };
  return render(visit, {
    title: `${name} ${value}`,
    section: 'owners',
    content: html`${head(html`${name} <code>${value}</code>`, 'Sessions whose login has this index.')}
      <section id="sessions" data-live>
        <div class="bar">
          <h2>${all.length === 0 ? 'No live sessions' : count(all.length, 'live session')}</h2>
          ${visit.mayAct && all.length > 0 && confirmedForm(visit, 'end-index', { name, value }, texts)}
        </div>
        ${sessions.length > 0 ? sessionList(visit, sessions) : html`<p class="empty">No session has this index.</p>`}
        ${next !== null && html`<p class="more"><a href="${link('index', { name, value, after: next })}">More sessions</a></p>`}
      </section>`,
  });
}
