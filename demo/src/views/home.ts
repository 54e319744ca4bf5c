import type { User } from '../users.ts';
import { html, type Html } from './html.ts';
import { icon, type IconName } from './icons.ts';
import type { View } from './layout.ts';

interface Suggestion {
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
  readonly link: { readonly href: string; readonly text: string };
}

const SUGGESTIONS: readonly Suggestion[] = [
  {
    icon: 'counter',
    title: 'Lose no update',
    text: 'Reload this page in two tabs as fast as you can. The counter is an atomic update, so every visit counts.',
    link: { href: '/', text: 'Visit again' },
  },
  {
    icon: 'note',
    title: 'Write a note',
    text: 'It stays in your session, also when you log in later. A forged form from elsewhere is refused.',
    link: { href: '/notes', text: 'Open your notes' },
  },
  {
    icon: 'lock',
    title: 'Look inside',
    text: 'See all that the server knows of your session. The one thing no page ever shows is its id.',
    link: { href: '/session', text: 'See your session' },
  },
  {
    icon: 'computer',
    title: 'Log out a device',
    text: 'Log in with a second browser, and end its session from this one. It is out on its next click.',
    link: { href: '/devices', text: 'List your devices' },
  },
  {
    icon: 'key',
    title: 'Change the password',
    text: 'Every other device is logged out, and reads why, while this one goes on with a new session id.',
    link: { href: '/password', text: 'Change it' },
  },
  {
    icon: 'share',
    title: 'Share a page',
    text: 'One page here is for shared caches: it asks for no session, and comes without a cookie.',
    link: { href: '/about', text: 'Read it' },
  },
];

export function homePage({ user, visits }: { user: User | null; visits: number }): View {
  return {
    title: 'Home',
    content: html`<section class="hero">
        <div>
          <p class="eyebrow">Demo</p>
          <h1>${user === null ? 'Hello, stranger' : `Hello, ${user.name}`}</h1>
          <p class="lead">${user === null ? STRANGER : KNOWN}</p>
          ${user === null && ACTIONS}
        </div>
        <p class="counter">
          <strong id="visits">${visits}</strong> <span>${visits === 1 ? 'visit' : 'visits'} in this session</span>
        </p>
      </section>
      <section aria-labelledby="try">
        <h2 id="try">Things to try</h2>
        <ul class="cards">
          ${SUGGESTIONS.map(card)}
        </ul>
      </section>`,
  };
}

const STRANGER =
  'You have a session already: it counts your visits and keeps your notes. Sign up, and it becomes yours on every page.';
const KNOWN = 'You are logged in. When you logged in, your session got a new id, and the old one died.';
const ACTIONS = html`<p class="actions">
  <a class="button large" href="/sign-up">Sign up</a><a class="button large quiet" href="/log-in">Log in</a>
</p>`;

function card({ icon: name, title, text, link }: Suggestion): Html {
  return html`<li class="card">
    <span class="badge-icon">${icon(name)}</span>
    <h3>${title}</h3>
    <p>${text}</p>
    <a href="${link.href}">${link.text}</a>
  </li>`;
}
