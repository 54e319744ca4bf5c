import { html, Html } from './html.ts';

const PATHS = {
  computer: '<rect x="3" y="4.5" width="18" height="12" rx="2"/><path d="M8.5 20.5h7M12 16.5v4"/>',
  phone: '<rect x="6.5" y="2.5" width="11" height="19" rx="2.5"/><path d="M11 18.5h2"/>',
  search: '<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>',
  yes: '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
  no: '<path d="m6.5 6.5 11 11M17.5 6.5l-11 11"/>',
  unsure: '<path d="M9 9.2a3 3 0 1 1 4.4 2.6c-.9.5-1.4 1.1-1.4 2.2M12 17.6v.1"/>',
} as const;

/** A picture that says nothing which the text beside it does not say. */
export function icon(name: keyof typeof PATHS): Html {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${new Html(PATHS[name])}</svg>`;
}

export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3b5bdb"/><path d="M8 21.5v-4M13.3 21.5v-8M18.7 21.5V16M24 21.5V10.5" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/></svg>`;
