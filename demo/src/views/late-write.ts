import type { Session } from 'websauna-session';
import type { LateWrite, Observation, Stage } from '../compare/late-write.ts';
import { versionOf } from '../sources.ts';
import { compareCode, compareHead } from './compare.ts';
import { postForm } from './forms.ts';
import { html, type Html } from './html.ts';
import type { View } from './layout.ts';

const STAGES: readonly { readonly stage: Stage; readonly title: string; readonly text: string }[] = [
  { stage: 'held', title: 'A slow request begins', text: 'Ada is logged in. The request has her session, and waits.' },
  { stage: 'logged-out', title: 'Ada logs out', text: 'The session ends while the slow request still has it.' },
  { stage: 'finished', title: 'The request finishes', text: 'It changes the session that it has, and saves it.' },
];

const LEAD =
  'A request that began before the logout ends after it, and saves what it has. Does that bring the session back? ' +
  'You decide when each step happens; the request waits for you.';

export function lateWritePage(experiment: LateWrite | undefined, session: Session): View {
  return {
    title: 'Logout during a request',
    script: '/live.js',
    sources: ['routes/compare.ts', 'compare/late-write.ts', 'compare/contestant.ts', 'views/late-write.ts'],
    content: html`${compareHead('/compare/logout', 'Logout during a request', LEAD)}
      <div id="experiment" data-live>
        ${timeline(experiment)}
        <div class="actions">${buttons(experiment?.stage, session)}</div>
        ${experiment?.stage === 'finished' && verdicts(experiment.observations)}
      </div>
      ${compareCode()}`,
  };
}

function timeline(experiment: LateWrite | undefined): Html {
  const done = STAGES.findIndex(({ stage }) => stage === experiment?.stage);
  const names = (experiment?.observations ?? []).map(({ name }) => name);
  return html`<ol class="steps">
    ${STAGES.map(
      ({ title, text }, index) =>
        html`<li class="${index <= done ? 'done' : 'open'}">
          <h2>${title}</h2>
          <p>${text}</p>
          ${
            index <= done &&
            html`<dl>${names.map((name, at) => seen(name, experiment!.observations[at]!.users[index]!))}</dl>`
          }
        </li>`,
    )}
  </ol>`;
}

function seen(name: string, user: string | null): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${user === null ? 'Logged out' : `Logged in as ${user}`}</dd>
  </div>`;
}

function buttons(stage: Stage | undefined, session: Session): Html {
  switch (stage) {
    case 'held':
      return step(session, 'log-out', 'Log Ada out');
    case 'logged-out':
      return step(session, 'finish', 'Let the slow request finish');
    case 'finished':
      return step(session, 'start', 'Start again');
    default:
      return step(session, 'start', 'Start a slow request');
  }
}

function step(session: Session, name: string, text: string): Html {
  return postForm(session, `/compare/logout/${name}`, html`<button class="button large" data-focus>${text}</button>`);
}

function verdicts(observations: readonly Observation[]): Html {
  return html`<section aria-labelledby="outcome">
    <h2 id="outcome" tabindex="-1" data-focus>The result</h2>
    <div class="columns">${observations.map(verdict)}</div>
    <p class="hint">
      Each line is what the application answered to the cookie that Ada had before her logout, by an HTTP request of
      this server to itself.
    </p>
  </section>`;
}

function verdict({ name, users, reports }: Observation): Html {
  const user = users.at(-1)!;
  return html`<article class="result" data-contestant="${name}">
    <h3>${name} <span class="version">${versionOf(name)}</span></h3>
    <p class="score ${user === null ? 'all' : 'some'}">
      <strong>${user === null ? 'Still logged out' : `${user} is logged in again`}</strong>
    </p>
    <p>
      ${
        user === null
          ? 'The session had ended, so the late change was dropped.'
          : 'The late save wrote the whole session back, with the user in it. The logout is undone.'
      }
    </p>
    ${reports.length > 0 && html`<p class="meta">Reported to the application: ${reports.join(', ')}</p>`}
  </article>`;
}
