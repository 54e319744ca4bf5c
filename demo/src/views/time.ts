import { html, type Html } from './html.ts';

const EXACT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'medium', timeZone: 'UTC' });
const RELATIVE = new Intl.RelativeTimeFormat('en');
const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** `3 minutes ago`; the exact time is the title. */
export function timeAgo(date: Date): Html {
  // The store's clock may be ahead of this process's.
  return time(date, Math.min(0, secondsUntil(date)), 'just now');
}

/** `in 30 days`; the exact time is the title. */
export function timeUntil(date: Date): Html {
  return time(date, Math.max(0, secondsUntil(date)), 'in less than a minute');
}

function secondsUntil(date: Date): number {
  return (date.getTime() - Date.now()) / 1000;
}

function time(date: Date, seconds: number, soon: string): Html {
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  const text = unit === undefined ? soon : RELATIVE.format(Math.round(seconds / length), unit);
  // The server does not know the visitor's time zone, and says which one it uses.
  return html`<time datetime="${date.toISOString()}" title="${EXACT.format(date)} UTC">${text}</time>`;
}

/** `20 minutes`, `1 hour 30 minutes`, `45 seconds`. */
export function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), 'hour'],
    [Math.floor((seconds % 3600) / 60), 'minute'],
    [seconds % 60, 'second'],
  ] as const;
  const text = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`);
  return text.join(' ') || '0 seconds';
}
