import { html } from './html.ts';
import type { View } from './layout.ts';

export function aboutPage(): View {
  return {
    title: 'About',
    content: html`<article class="prose">
      <header class="page-head">
        <h1>About this demo</h1>
        <p class="lead">A small site on Express and <b>websauna-session</b>, to click through and to copy from.</p>
      </header>
      <h2>Why this page does not know you</h2>
      <p>
        It is the same for everybody, so any cache may keep it for five minutes:
        <code>Cache-Control: public, max-age=300</code>. It is answered before the session middleware, reads no session,
        sets no cookie, and does not vary by one. That is why you do not see your name above.
      </p>
      <h2>What the other pages do</h2>
      <ul>
        <li>A visitor without content in the session costs nothing: no record, no cookie.</li>
        <li>Signing up and logging in give the session a new id, in the same step that stores the owner.</li>
        <li>A page is sent only when the store has your change: after a redirect you always see it.</li>
        <li>Every form is bound to the session by a token. A wrong one is refused with an explanation.</li>
        <li>Pages are sent with <code>no-store</code>, so that after the logout the Back button shows nothing.</li>
        <li>When the store is down you get an error with status 503, never a page that shows you as logged out.</li>
      </ul>
      <h2>What a real site has besides</h2>
      <p>
        Accounts in a database, limits on how often a password can be tried, a way back in for those who forgot it, and
        HTTPS, with which the cookie becomes <code>Secure</code> by itself.
      </p>
    </article>`,
  };
}
