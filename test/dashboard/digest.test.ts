import { describe, expect, it } from 'vitest';
import type { PeriodCount } from 'websauna-session';
import { barChart } from '../../src/dashboard/charts.ts';
import { bytes, count, duration, relativeTime } from '../../src/dashboard/format.ts';
import { code, html } from '../../src/dashboard/html.ts';
import { link } from '../../src/dashboard/link.ts';
import { digest, PERIODS } from '../../src/dashboard/stats-digest.ts';

/** Of a chart's height, for the highest of two equal series. */
const HALF = (176 - 24 - 8) / 2;
const NOW = new Date('2026-11-27T12:34:56Z');

function minute(ago: number, event: string, reason: string | null, many: number) {
  return { start: new Date(Math.floor(NOW.getTime() / 60_000) * 60_000 - ago * 60_000), event, reason, count: many };
}

describe('the charts of the overview', () => {
  it('sum the counts of a period by interval and reason', () => {
    const counts = [
      minute(1500, 'login', null, 1000),
      minute(1000, 'login', null, 100),
      minute(59, 'login', null, 1),
      minute(0, 'login', null, 2),
      minute(1, 'logout', null, 3),
      minute(1, 'destroyed', 'logout', 3),
      minute(1, 'destroyed', 'expired', 4),
      minute(2, 'rejected', 'signature', 5),
      minute(2, 'created', null, 6),
    ];
    const stats = { now: NOW, live: { anonymous: 1, owned: 2, error: 0 }, counts };
    const [logins, ends, rejected] = digest(stats, PERIODS['hour']!);
    expect(logins?.buckets).toHaveLength(60);
    expect(logins?.buckets.at(0)).toEqual({ start: new Date('2026-11-27T11:35:00Z'), counts: { logins: 1 } });
    expect(logins?.buckets.at(-1)).toEqual({ start: new Date('2026-11-27T12:34:00Z'), counts: { logins: 2 } });
    expect(ends?.series).toEqual(['expired', 'logout']);
    expect(ends?.buckets.at(-2)?.counts).toEqual({ expired: 4, logout: 3 });
    expect(rejected?.series).toEqual(['signature']);
    const [day] = digest(stats, PERIODS['day']!);
    expect(day?.buckets.reduce((sum, each) => sum + (each.counts['logins'] ?? 0), 0)).toBe(103);
  });

  it('show a week by the sums of hours, three in a bar, with the days below it', () => {
    const hour = (ago: number, many: number): PeriodCount => ({
      start: new Date(Date.UTC(2026, 10, 27, 12 - ago)),
      event: 'login',
      reason: null,
      count: many,
    });
    const counts = [hour(166, 1000), hour(165, 1), hour(30, 20), hour(29, 30), hour(0, 4)];
    const [logins] = digest({ now: NOW, live: { anonymous: 0, owned: 0, error: 0 }, counts }, PERIODS['week']!);
    expect(logins!.buckets).toHaveLength(56);
    const filled = logins!.buckets.filter(({ counts: found }) => found['logins'] !== undefined);
    expect(filled).toEqual([
      { start: new Date('2026-11-20T15:00:00Z'), counts: { logins: 1 } },
      { start: new Date('2026-11-26T06:00:00Z'), counts: { logins: 50 } },
      { start: new Date('2026-11-27T12:00:00Z'), counts: { logins: 4 } },
    ]);
    const axis = Array.from(
      barChart(logins!)
        .toString()
        .matchAll(/text-anchor="middle">([^<]*)</g),
      ([, text]) => text,
    );
    expect(axis.length).toBeGreaterThan(2);
    for (const text of axis) expect(text).toMatch(/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d$/);
  });

  it('name what was counted without a reason', () => {
    const counts = [minute(0, 'destroyed', null, 1), minute(0, 'rejected', null, 2)];
    const stats = { now: NOW, live: { anonymous: 0, owned: 0, error: 0 }, counts };
    const charts = digest(stats, PERIODS['hour']!);
    expect(charts.map(({ series }) => series)).toEqual([[], ['unknown'], ['unknown']]);
  });

  it('fold what has no colour of its own into a rest', () => {
    const counts = Array.from({ length: 12 }, (_, i) => minute(0, 'rejected', `reason-${i}`, 100 - i));
    const [, , rejected] = digest({ now: NOW, live: { anonymous: 0, owned: 0, error: 0 }, counts }, PERIODS['hour']!);
    expect(rejected?.series).toHaveLength(8);
    expect(rejected?.series.at(-1)).toBe('other');
    expect(rejected?.buckets.at(-1)?.counts['other']).toBe(93 + 92 + 91 + 90 + 89);
  });

  it('are drawn as bars whose heights are the counts, with the numbers beside them', () => {
    const start = (at: number): Date => new Date(NOW.getTime() + at * 60_000);
    const buckets = [
      { start: start(0), counts: { a: 10, b: 10 } },
      { start: start(1), counts: {} },
      { start: start(2), counts: { a: 5 } },
    ];
    const svg = barChart({ id: 'c', title: '<b>', series: ['a', 'b'], buckets, interval: 60 }).toString();
    const heights = Array.from(svg.matchAll(/<rect[^>]*height="([\d.]+)"/g), ([, height]) => Number(height));
    expect(heights).toEqual([HALF, HALF / 2, HALF]);
    expect(svg).toContain('&lt;b&gt;');
    expect(svg).not.toMatch(/NaN|Infinity| style=/);
    expect(svg).toContain('<strong>25</strong>');
    expect(barChart({ id: 'c', title: 'None', series: [], buckets, interval: 60 }).toString()).toContain(
      'None in this time',
    );
  });
});

describe('what pages are written with', () => {
  it('escapes text, joins lists and leaves out what is not there', () => {
    expect(html`<p title="${`"'&<>`}">${['a', html`<b>${1}</b>`, null, undefined, false]}</p>`.toString()).toBe(
      '<p title="&quot;&#39;&amp;&lt;&gt;">a<b>1</b></p>',
    );
    expect(html`${code('set `<name>`')}`.toString()).toBe('set <code>&lt;name&gt;</code>');
  });

  it('says times, sizes and numbers in words', () => {
    expect([duration(5400), duration(2_592_000), duration(0), duration(90_061)]).toEqual([
      '1 hour 30 minutes',
      '30 days',
      '0 seconds',
      '1 day 1 hour',
    ]);
    expect([count(1, 'session'), count(1234, 'session'), bytes(999), bytes(2100)]).toEqual([
      '1 session',
      '1,234 sessions',
      '999 B',
      '2.1 kB',
    ]);
    const at = (seconds: number): string => relativeTime(new Date(Date.now() + seconds * 1000)).toString();
    expect(at(-2)).toContain('>just now<');
    expect(at(-3 * 60 - 1)).toContain('>3 minutes ago<');
    expect(at(30 * 86_400 - 1)).toContain('>in 30 days<');
  });

  it('links by the query alone', () => {
    expect(link('owner', { owner: 'a&b=c', after: null })).toBe('?page=owner&owner=a%26b%3Dc');
    expect(link('')).toBe('?');
  });
});
