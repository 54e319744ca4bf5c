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
    icon: 'race',
    title: 'Race forty requests',
    text: 'All of them change one session at once, on express-session and on this library. See which changes survive.',
    link: { href: '/compare', text: 'Start the race' },
  },
  {
    icon: 'exit',
    title: 'Log out during a request',
    text: 'Hold a request, log out, and let it finish. On express-session, the logout is undone. Watch it happen.',
    link: { href: '/compare/logout', text: 'Try it' },
  },
  {
    icon: 'counter',
    title: 'Count every visit',
    text: 'Reload this page in two tabs as fast as you can. The counter is updated atomically, so no visit is lost.',
    link: { href: '/', text: 'Visit again' },
  },
  {
    icon: 'note',
    title: 'Write a note',
    text: 'It is stored in your session, and stays there when you log in. A form forged by another site is refused.',
    link: { href: '/notes', text: 'Open your notes' },
  },
  {
    icon: 'lock',
    title: 'Look inside',
    text: 'See everything the server knows about your session. The one thing that no page shows is its id.',
    link: { href: '/session', text: 'See your session' },
  },
  {
    icon: 'computer',
    title: 'Log out a device',
    text: 'Log in with a second browser and end its session from this one. Its next click finds it logged out.',
    link: { href: '/devices', text: 'List your devices' },
  },
  {
    icon: 'key',
    title: 'Change the password',
    text: 'Every other device is logged out and told why. This one stays logged in, with a new session id.',
    link: { href: '/password', text: 'Change it' },
  },
  {
    icon: 'share',
    title: 'Share a page',
    text: 'One page here may be stored by shared caches: it uses no session and sets no cookie.',
    link: { href: '/about', text: 'Read it' },
  },
  {
    icon: 'code',
    title: 'Read the source',
    text: 'Every page links to the files that make it. The documentation of the library is here, too.',
    link: { href: '/source', text: 'List the files' },
  },
];

export function homePage({ user, visits }: { user: User | null; visits: number }): View {
  return {
    title: 'Home',
    sources: ['routes/pages.ts', 'views/home.ts'],
    content: html`<section class="hero">
        <div>
          <p class="eyebrow">Demo</p>
          <h1>${user === null ? 'Hello, stranger' : `Hello, ${user.name}`}</h1>
          <p class="lead">${user === null ? STRANGER : KNOWN}</p>
          <p class="actions">
            <a class="button large" href="/compare">Compare with express-session</a>
            ${user === null && html`<a class="button large quiet" href="/sign-up">Sign up</a>`}
          </p>
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
  'You already have a session: it counts your visits and stores your notes. Sign up to make it the session of your account.';
const KNOWN = 'You are logged in. Your login gave the session a new id and made the old one invalid.';

function card({ icon: name, title, text, link }: Suggestion): Html {
  return html`<li class="card">
    <span class="badge-icon">${icon(name)}</span>
    <h3>${title}</h3>
    <p>${text}</p>
    <a href="${link.href}">${link.text}</a>
  </li>`;
}
