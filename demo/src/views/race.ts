import type { Session } from 'websauna-session';
import { REQUESTS, type Race, type RaceResult } from '../compare/race.ts';
import { versionOf } from '../sources.ts';
import { compareCode, compareHead } from './compare.ts';
import { postForm } from './forms.ts';
import { html, type Html } from './html.ts';
import type { View } from './layout.ts';

export function racePage(race: Race | undefined, storeName: string, session: Session): View {
  const lead =
    'Forty requests change the same session at the same time, each a different field. How many changes survive?';
  return {
    title: 'Lost updates',
    script: '/live.js',
    sources: ['routes/compare.ts', 'compare/race.ts', 'compare/contestant.ts', 'views/race.ts'],
    content: html`${compareHead('/compare', 'Forty changes at once', lead)}
      <div id="race" data-live>
        ${postForm(session, '/compare', form(race))}${race !== undefined && outcome(race, storeName)}
      </div>
      ${compareCode()}`,
  };
}

function form(race: Race | undefined): Html {
  return html`<div class="starter">
    <button class="button large">${race === undefined ? 'Start the race' : 'Race again'}</button>
    <div>
      <label class="choice"
        ><input
          type="checkbox"
          name="overlapping"
          value="yes"
          aria-describedby="overlapping-hint"
          ${race?.overlapping !== false && html`checked`}
        />
        Make all ${REQUESTS} overlap</label
      >
      <p class="hint" id="overlapping-hint">
        Each handler waits until all ${REQUESTS} have begun. Without this, it depends on how they happen to arrive.
      </p>
    </div>
  </div>`;
}

function outcome({ results }: Race, storeName: string): Html {
  return html`<section aria-labelledby="outcome">
    <h2 id="outcome" tabindex="-1" data-focus>The result</h2>
    <div class="columns">${results.map((result) => card(result, storeName))}</div>
    <p class="hint">
      ${REQUESTS} HTTP requests of this server to itself for each, one package after the other, over
      ${storeOf(storeName)}. Store commands are counted as they are sent, from the first of these requests to the last
      response. Durations vary from run to run.
    </p>
  </section>`;
}

function storeOf(storeName: string): string {
  if (storeName === 'memory') return "each package's own memory store";
  return `the same Redis; express-session by connect-redis ${versionOf('connect-redis')}`;
}

function card({ name, kept, commands, milliseconds }: RaceResult, storeName: string): Html {
  const numbers = Array.from({ length: REQUESTS }, (_, index) => index + 1);
  const lost = numbers.filter((number) => !kept.has(number));
  const total = commands.reduce((sum, { count }) => sum + count, 0);
  return html`<article class="result" data-contestant="${name}">
    <h3>${name} <span class="version">${versionOf(name)}</span></h3>
    <p class="score ${lost.length === 0 ? 'all' : 'some'}"><strong>${kept.size}</strong> of ${REQUESTS} kept</p>
    <div class="cells" aria-hidden="true">
      ${numbers.map((number) => html`<span class="${kept.has(number) ? 'kept' : 'lost'}">${number}</span>`)}
    </div>
    <dl>
      <div>
        <dt>Lost</dt>
        <dd>${lost.length === 0 ? 'None' : ranges(lost)}</dd>
      </div>
      <div>
        <dt>${storeName === 'memory' ? 'Store calls' : 'Redis commands'}</dt>
        <dd>${total} (${commands.map(({ name: command, count }) => `${count} ${command}`).join(', ')})</dd>
      </div>
      <div>
        <dt>Duration</dt>
        <dd>${milliseconds.toFixed(0)} ms</dd>
      </div>
    </dl>
  </article>`;
}

/** `1–3, 5, 7–9`. */
export function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}
