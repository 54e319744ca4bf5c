import { scaleLinear, scaleUtc } from 'd3-scale';
import { stack } from 'd3-shape';
import { number } from './format.ts';
import { html, type Html } from './html.ts';

/** What happened in one interval, by name. */
export interface ChartBucket {
  readonly start: Date;
  readonly counts: Readonly<Record<string, number>>;
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  /** Names of the counts, at most as many as there are colours; the first is at the bottom. */
  readonly series: readonly string[];
  readonly buckets: readonly ChartBucket[];
  /** Seconds of one bucket. */
  readonly interval: number;
}

const WIDTH = 420;
const HEIGHT = 176;
const LEFT = 38;
const BOTTOM = 24;
const TOP = 8;
const GAP = 1;
const TICKS = 5;
/** What is longer has the days below it, and not the hours. */
const LONG_MS = 2 * 86_400_000;
/** As many colours as the style sheet has. */
export const MAX_SERIES = 8;

/** Draws stacked bars, with the same numbers as a table for those who cannot see them. */
export function barChart(chart: Chart): Html {
  const { id, title, series, buckets } = chart;
  const totals = series.map((name) => buckets.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0));
  const total = totals.reduce((sum, each) => sum + each, 0);
  return html`<figure class="card chart" aria-labelledby="${id}-title">
    <figcaption>
      <h3 id="${id}-title">${title}</h3>
      <strong>${number(total)}</strong>
    </figcaption>
    ${total === 0 ? html`<p class="empty">None in this time.</p>` : html`${bars(chart)}${series.length === 1 && series[0] === id ? null : legend(series, totals)}${table(chart)}`}
  </figure>`;
}

function bars({ title, series, buckets, interval }: Chart): Html {
  const stacked = stack<ChartBucket>()
    .keys([...series])
    .value(({ counts }, name) => counts[name] ?? 0)([...buckets]);
  const highest = Math.max(...buckets.map((_bucket, index) => stacked.at(-1)![index]![1]));
  const y = scaleLinear([0, highest], [HEIGHT - BOTTOM, TOP]).nice(4);
  const first = buckets[0]!.start;
  const end = new Date(buckets.at(-1)!.start.getTime() + interval * 1000);
  const x = scaleUtc([first, end], [LEFT, WIDTH]);
  const width = Math.max(1, (WIDTH - LEFT) / buckets.length - GAP);
  const time = x.tickFormat(TICKS, end.getTime() - first.getTime() > LONG_MS ? '%a %d' : '%H:%M');
  const round = (value: number): number => Math.round(value * 100) / 100;
  return html`<svg
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    role="img"
    aria-label="${title}: bars over time; the numbers are in the table below"
  >
    <g class="axis">
      ${y
        .ticks(4)
        .filter(Number.isInteger)
        .map(
          (value) =>
            html`<line x1="${LEFT}" x2="${WIDTH}" y1="${round(y(value))}" y2="${round(y(value))}" /><text
                x="${LEFT - 8}"
                y="${round(y(value)) + 4}"
                text-anchor="end"
                >${number(value)}</text
              >`,
        )}
      ${x
        .ticks(TICKS)
        .filter((date) => x(date) > LEFT + 20 && x(date) < WIDTH - 20)
        .map((date) => html`<text x="${round(x(date))}" y="${HEIGHT - 4}" text-anchor="middle">${time(date)}</text>`)}
    </g>
    ${stacked.map(
      (layer, index) =>
        html`<g class="series-${index}">
          ${layer.map(([from, to], at) =>
            to === from
              ? null
              : html`<rect
                  x="${round(x(buckets[at]!.start))}"
                  y="${round(y(to))}"
                  width="${round(width)}"
                  height="${round(y(from) - y(to))}"
                ></rect>`,
          )}
        </g>`,
    )}
  </svg>`;
}

function legend(series: readonly string[], totals: readonly number[]): Html {
  return html`<ul class="legend">
    ${series.map((name, index) => html`<li class="series-${index}">${name} <strong>${number(totals[index]!)}</strong></li>`)}
  </ul>`;
}

function table({ title, series, buckets }: Chart): Html {
  const filled = buckets.filter(({ counts }) => series.some((name) => (counts[name] ?? 0) > 0));
  return html`<details class="numbers">
    <summary>Numbers</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="${title}, as a table">
      <table>
        <thead>
          <tr>
            <th scope="col">Begin (UTC)</th>
            ${series.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${filled.map(
            ({ start, counts }) =>
              html`<tr>
                <th scope="row">${start.toISOString().slice(0, 16).replace('T', ' ')}</th>
                ${series.map((name) => html`<td>${number(counts[name] ?? 0)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}
