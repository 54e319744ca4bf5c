import type { SessionStats } from '../../index.ts';
import { barChart } from '../charts.ts';
import { eventRows } from '../event-rows.ts';
import { duration, number } from '../format.ts';
import { html, type Child, type Html } from '../html.ts';
import { facts, render } from '../layout.ts';
import { link } from '../link.ts';
import { digest, PERIODS, type Period } from '../stats-digest.ts';
import { isUnsupported, turnOn } from '../turn-on.ts';
import type { Visit } from '../visit.ts';

/** No session has this handle: to look it up takes one round trip. */
const NO_HANDLE = 'A'.repeat(43);
const RECENT_EVENTS = 6;

/** How many sessions there are, how they begin and end, and how the store does. */
export async function overviewPage(visit: Visit): Promise<Response> {
  const { query, log, factory } = visit;
  const asked = query.get('period') ?? '';
  const chosen = Object.hasOwn(PERIODS, asked) ? asked : 'hour';
  const period = PERIODS[chosen]!;
  const latency = await measureLatency(visit);
  await log.follow(factory);
  const stats = await readStats(visit, period);
  const periods = Object.entries(PERIODS).map(
    ([id, { name }]) =>
      html`<a href="${link('', id === 'hour' ? {} : { period: id })}" ${id === chosen && html`aria-current="true"`}
        >${name}</a
      >`,
  );
  return render(visit, {
    title: 'Overview',
    section: 'overview',
    content: html`<div class="bar top-bar">
        <h1>Overview</h1>
        ${stats !== null && html`<nav class="tabs" aria-label="Period">${periods}</nav>`}
      </div>
      <section id="figures" data-live>
        ${tiles(stats, latency, log.isCircuitOpen)}
        ${
          stats === null
            ? turnOn(
                'Statistics are off.',
                'stats: true',
                'They count live sessions, logins, ends and rejected cookies.',
              )
            : html`<div class="charts">${digest(stats, period).map(barChart)}</div>`
        }
      </section>
      <section id="recent" data-live>
        <div class="bar">
          <h2>${log.sources === 'own' ? 'In this process' : 'In all processes'}</h2>
          <a href="${link('events')}">All events</a>
        </div>
        ${eventRows(log.latest(RECENT_EVENTS))}
      </section>
      <h2>Lifetimes and limits</h2>
      ${facts(policyFacts(factory.policy))}`,
  });
}

async function measureLatency({ factory }: Visit): Promise<number> {
  const begun = performance.now();
  await factory.sessions.get(NO_HANDLE, { search: false });
  return performance.now() - begun;
}

/** Returns `null` when the factory keeps no statistics. */
async function readStats({ factory }: Visit, { length, by }: Period): Promise<SessionStats | null> {
  try {
    return await factory.stats({ since: new Date(Date.now() - length * 1000), by });
  } catch (error) {
    if (isUnsupported(error)) return null;
    throw error;
  }
}

function tiles(stats: SessionStats | null, latency: number, isCircuitOpen: boolean): Html {
  return html`<ul class="tiles">
    ${stats !== null && liveTiles(stats)} ${tile('Store', `${latency.toFixed(1)} ms`, 'one round trip, a moment ago')}
    ${tile('Circuit breaker', isCircuitOpen ? 'Open' : 'Closed', isCircuitOpen ? 'the store does not answer' : 'the store answers', isCircuitOpen ? 'bad' : 'good')}
  </ul>`;
}

function liveTiles({ live: { anonymous, owned, error } }: SessionStats): Child {
  const about = error === 0 ? '' : `, ± ${(error * 100).toFixed(1)} %`;
  return [
    tile('Live sessions', number(anonymous + owned), `with and without an owner${about}`),
    tile('Logged in', number(owned), `sessions with an owner${about}`),
  ];
}

function tile(name: string, value: string, hint: string, tone = ''): Html {
  return html`<li class="card tile ${tone}">
    <h2>${name}</h2>
    <strong>${value}</strong>
    <p>${hint}</p>
  </li>`;
}

function policyFacts(policy: Visit['factory']['policy']): (readonly [Child, Child])[] {
  const seconds = (value: number | null, otherwise: string): string => (value === null ? otherwise : duration(value));
  return [
    ['A session ends when idle for', duration(policy.timeout)],
    ['At the latest, after', seconds(policy.absoluteTimeout, 'no limit')],
    ['An old id leads on for', duration(policy.rotationGrace)],
    [
      'Sessions of one owner',
      policy.maxSessionsPerOwner === null
        ? 'no limit'
        : `${policy.maxSessionsPerOwner}; one more ${policy.onSessionLimit === 'refuse' ? 'is refused' : 'ends the oldest'}`,
    ],
  ];
}
