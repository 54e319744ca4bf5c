import { html, type Html } from './html.ts';

/** Says that the factory does not do something, and how to turn it on. */
export function turnOn(what: string, option: string, why: string): Html {
  return html`<div class="note">
    <p>${what} ${why}</p>
    <pre tabindex="0" aria-label="How to turn it on"><code>createSessionFactory({ …, ${option} })</code></pre>
  </div>`;
}
