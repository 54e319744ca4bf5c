import { SessionError } from '../index.ts';
import { html, type Html } from './html.ts';

/** Returns whether an error says that the factory or its store does not do what was asked for. */
export function isUnsupported(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'ERR_SESSION_UNSUPPORTED';
}

/** Says that the factory does not do something, and how to turn it on. */
export function turnOn(what: string, option: string, why: string): Html {
  return html`<div class="note">
    <p>${what} ${why}</p>
    <pre tabindex="0" aria-label="How to turn it on"><code>createSessionFactory({ …, ${option} })</code></pre>
  </div>`;
}
