import { html, type Html } from './html.ts';

const TO_MINUTE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
const TO_SECOND = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });

/** The server does not know the visitor's time zone, and says which one it uses. */
export function time(date: Date, precision: 'minute' | 'second' = 'minute'): Html {
  const text = (precision === 'minute' ? TO_MINUTE : TO_SECOND).format(date);
  return html`<time datetime="${date.toISOString()}">${text} UTC</time>`;
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
