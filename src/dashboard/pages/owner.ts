import { auditTrail } from '../audit-trail.ts';
import { confirmedForm } from '../forms.ts';
import { count } from '../format.ts';
import { html, type Child } from '../html.ts';
import { head, render } from '../layout.ts';
import { link } from '../link.ts';
import { pageOf, sessionList } from '../session-list.ts';
import type { Visit } from '../visit.ts';
import { missingPage } from './missing.ts';

/** The devices of an owner, and what has happened to them. */
export async function ownerPage(visit: Visit): Promise<Response> {
  const { factory, options, query, session } = visit;
  const owner = query.get('owner') ?? '';
  if (owner === '') return missingPage(visit);
  const [all, name, trail] = await Promise.all([
    factory.owners.list(owner, { current: session }),
    options.ownerName(owner),
    auditTrail(visit, owner),
  ]);
  const newestFirst = all.toReversed();
  const { sessions, next } = pageOf(visit, newestFirst);
  return render(visit, {
    title: name,
    section: 'owners',
    content: html`${head(name, name !== owner && html`<code>${owner}</code>`)}
      <section id="sessions" data-live>
        <div class="bar">
          <h2>${all.length === 0 ? 'No live sessions' : count(all.length, 'live session')}</h2>
          ${endAllForm(visit, owner, name, all.filter(({ current }) => !current).length, all)}
        </div>
        ${
          sessions.length > 0
            ? sessionList(visit, sessions)
            : html`<p class="empty">No sessions of ${name} at present.</p>`
        }
        ${next !== null && html`<p class="more"><a href="${link('owner', { owner, after: next })}">More sessions</a></p>`}
      </section>
      ${trail}`,
  });
}

function endAllForm(visit: Visit, owner: string, name: string, many: number, all: readonly unknown[]): Child {
  if (!visit.mayAct || many === 0) return null;
  const label = many === all.length ? 'End all' : 'End all others';
  const question = html`${name} is logged out on ${count(many, 'device')}, also where a login is under way.`;
  return confirmedForm(visit, 'end-all', { owner }, { label, question, confirm: `End ${count(many, 'session')}` });
}
