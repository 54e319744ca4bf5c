import { html, type Html } from './html.ts';

/** Drawn on 24 by 24, with strokes in the colour of the text. */
const PATHS = {
  alert: 'M12 8v5m0 3.5v.01M10.3 3.9 2.4 17.5A2 2 0 0 0 4.1 20.5h15.8a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0Z',
  check: 'M8 12.5l2.8 2.8L16 9.5M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z',
  code: 'M8.5 7 3.5 12l5 5m7-10 5 5-5 5',
  computer: 'M4 5.5h16v10H4zM2 19h20',
  counter: 'M4 20V10m5.3 10V4m5.4 16v-7M20 20V8',
  exit: 'M10 4H5v16h5m0-8h10m-4-4 4 4-4 4',
  key: 'M14.5 9.5a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0ZM13.2 12.7 21 20.5m-3.2-3.2 2-2',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  note: 'M5 4h14v11l-5 5H5zM14 20v-5h5M8.5 9h7m-7 4h3',
  phone: 'M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1Zm3 15h2',
  race: 'M5 21V4m0 1h14l-3 4.5 3 4.5H5',
  share: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3.5 12h17M12 3c3 2.6 4 5.6 4 9s-1 6.4-4 9c-3-2.6-4-5.6-4-9s1-6.4 4-9Z',
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): Html {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${PATHS[name]}" /></svg>`;
}
