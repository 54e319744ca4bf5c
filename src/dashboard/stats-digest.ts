import type { PeriodCount, SessionStats } from '../index.ts';
import { MAX_SERIES, type Chart, type ChartBucket } from './charts.ts';

/** A period that the overview can show. */
export interface Period {
  readonly name: string;
  /** Seconds. */
  readonly length: number;
  /** Seconds of one bar. */
  readonly interval: number;
  /** What the bars are sums of. */
  readonly by: 'minute' | 'hour';
}

export const PERIODS: Readonly<Record<string, Period>> = {
  hour: { name: 'Hour', length: 3600, interval: 60, by: 'minute' },
  six: { name: '6 hours', length: 21_600, interval: 300, by: 'minute' },
  day: { name: 'Day', length: 86_400, interval: 3600, by: 'hour' },
  week: { name: 'Week', length: 604_800, interval: 10_800, by: 'hour' },
};

/** What a chart counts, and by which words. */
interface ChartSource {
  readonly id: string;
  readonly title: string;
  /** Returns the name of the count's series; `null` when it is not in the chart. */
  readonly seriesOf: (count: PeriodCount) => string | null;
}

const SOURCES: readonly ChartSource[] = [
  { id: 'logins', title: 'Logins', seriesOf: ({ event }) => (event === 'login' ? 'logins' : null) },
  // A logout and a revocation are ends, too, with the events of their own.
  {
    id: 'ends',
    title: 'Ends, by reason',
    seriesOf: ({ event, reason }) => (event === 'destroyed' ? (reason ?? 'unknown') : null),
  },
  {
    id: 'rejected',
    title: 'Rejected cookies, by reason',
    seriesOf: ({ event, reason }) => (event === 'rejected' ? (reason ?? 'unknown') : null),
  },
];

const REST = 'other';

/** Returns the charts of a period. */
export function digest({ now, counts }: SessionStats, { length, interval }: Period): Chart[] {
  const step = interval * 1000;
  const last = Math.floor(now.getTime() / step) * step;
  const first = last - (Math.ceil(length / interval) - 1) * step;
  return SOURCES.map(({ id, title, seriesOf }) => {
    const slots = new Map<number, Record<string, number>>();
    for (let at = first; at <= last; at += step) slots.set(at, {});
    const totals = new Map<string, number>();
    for (const each of counts) {
      const name = seriesOf(each);
      const slot = slots.get(Math.floor(each.start.getTime() / step) * step);
      if (name === null || slot === undefined) continue;
      slot[name] = (slot[name] ?? 0) + each.count;
      totals.set(name, (totals.get(name) ?? 0) + each.count);
    }
    const series = largestFirst(totals);
    const buckets = [...slots].map(([at, found]) => ({ start: new Date(at), counts: found }));
    return { id, title, interval, series, buckets: foldRest(series, buckets) };
  });
}

/** Returns the names by their totals; what has no colour of its own is one rest. */
function largestFirst(totals: ReadonlyMap<string, number>): string[] {
  const names = [...totals].toSorted(([, a], [, b]) => b - a).map(([name]) => name);
  return names.length <= MAX_SERIES ? names : [...names.slice(0, MAX_SERIES - 1), REST];
}

function foldRest(series: readonly string[], buckets: readonly ChartBucket[]): ChartBucket[] {
  if (!series.includes(REST)) return [...buckets];
  return buckets.map(({ start, counts }) => {
    const folded: Record<string, number> = {};
    for (const [name, many] of Object.entries(counts)) {
      const shown = series.includes(name) ? name : REST;
      folded[shown] = (folded[shown] ?? 0) + many;
    }
    return { start, counts: folded };
  });
}
