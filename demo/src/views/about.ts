import { html } from './html.ts';
import type { View } from './layout.ts';
import { sourceLink } from './sources.ts';

const DOCS = [
  { path: 'README.md', text: 'What the library is for, and how to begin' },
  { path: 'docs/consistency.md', text: 'What it promises about concurrent requests' },
  { path: 'docs/security.md', text: 'Security' },
  { path: 'docs/session.md', text: 'Every member of a session' },
  { path: 'demo/README.md', text: 'This demo' },
];

export function aboutPage(): View {
  return {
    title: 'About',
    content: html`<article class="prose">
      <header class="page-head">
        <h1>About this demo</h1>
        <p class="lead">A small site on Express and <b>websauna-session</b>, to try out and to copy from.</p>
      </header>
      <h2>Why this page does not know you</h2>
      <p>
        It is the same for all visitors, so any cache may store it for five minutes:
        <code>Cache-Control: public, max-age=300</code>. The response is sent before the session middleware runs: it
        reads no session, sets no cookie, and does not vary by one. That is why you do not see your name above.
      </p>
      <h2>What the other pages do</h2>
      <ul>
        <li>A visitor with nothing in the session costs nothing: no record, no cookie.</li>
        <li>Signing up and logging in give the session a new id, in the same step that stores the owner.</li>
        <li>A response is sent only once the store has your change, so the page after a redirect always shows it.</li>
        <li>Every form carries a token of the session. A wrong token is refused with an explanation.</li>
        <li>Pages are sent with <code>no-store</code>, so the Back button shows nothing after the logout.</li>
        <li>When the store is down, you get an error with status 503, never a page that shows you as logged out.</li>
      </ul>
      <h2>How it compares</h2>
      <p>
        Two pages run the same small application on express-session and on this library, side by side:
        <a href="/compare">lost updates</a> and <a href="/compare/logout">a logout during a request</a>.
      </p>
      <h2>Source and documentation</h2>
      <ul>
        ${DOCS.map(({ path, text }) => html`<li>${sourceLink(path, text)}</li>`)}
        <li><a href="/source">Every file that runs here</a></li>
      </ul>
      <h2>What a real site also needs</h2>
      <p>
        Accounts in a database, a limit on password attempts, a password reset, and HTTPS, which makes the cookie
        <code>Secure</code> automatically.
      </p>
    </article>`,
  };
}
