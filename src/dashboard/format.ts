import { html, type Html } from './html.ts';

const EXACT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'medium', timeZone: 'UTC' });
const RELATIVE = new Intl.RelativeTimeFormat('en');
const NUMBER = new Intl.NumberFormat('en-GB');
const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;
/** Below it a time is said to be now: clocks of servers differ. */
const NOW_SECONDS = 5;
const SHORT_HANDLE = 10;

export function exactTime(date: Date): string {
  return `${EXACT.format(date)} UTC`;
}

/** `3 minutes ago`, `in 30 days`; the exact time is the title. */
export function relativeTime(date: Date): Html {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  const text = Math.abs(seconds) < NOW_SECONDS ? 'just now' : RELATIVE.format(Math.round(seconds / length), unit);
  return html`<time datetime="${date.toISOString()}" title="${exactTime(date)}">${text}</time>`;
}

/** `14:03:20` in UTC; the exact time is the title. */
export function clockTime(date: Date): Html {
  const iso = date.toISOString();
  return html`<time datetime="${iso}" title="${exactTime(date)}">${iso.slice(11, 19)}</time>`;
}

/** `30 days`, `1 hour 30 minutes`, `45 seconds`. */
export function duration(seconds: number): string {
  let rest = seconds;
  const parts: string[] = [];
  for (const [unit, length] of UNITS) {
    const many = Math.floor(rest / length);
    rest -= many * length;
    if (many > 0) parts.push(count(many, unit));
  }
  return parts.slice(0, 2).join(' ') || '0 seconds';
}

/** `1,234`. */
export function number(value: number): string {
  return NUMBER.format(value);
}

/** `1 session`, `2 sessions`. */
export function count(many: number, what: string): string {
  return `${number(many)} ${what}${many === 1 ? '' : 's'}`;
}

/** `2.1 kB`. */
export function bytes(size: number): string {
  return size < 1000 ? `${size} B` : `${(size / 1000).toFixed(1)} kB`;
}

/** The beginning of a handle, enough to recognise it by; the whole one is the title. */
export function shortHandle(handle: string): Html {
  return html`<code title="${handle}">${handle.slice(0, SHORT_HANDLE)}…</code>`;
}
