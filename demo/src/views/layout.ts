import type { Session } from 'websauna-session';
import type { User } from '../users.ts';
import { postForm } from './forms.ts';
import { html, type Child, type Html } from './html.ts';
import { messageBox, type Message } from './message.ts';
import { sourceLink } from './sources.ts';

/** What a page puts into the layout. */
export interface View {
  readonly title: string;
  readonly content: Html;
  /** A script that makes the page livelier; it works without. */
  readonly script?: string;
  /** The files of the repository that make the page, below `demo/src`. */
  readonly sources?: readonly string[];
}

export interface Frame {
  readonly path: string;
  /** Absent on pages that are the same for all visitors. */
  readonly visitor?: { readonly user: User | null; readonly session: Session };
  readonly messages?: readonly Message[];
}

const PAGES = [
  { path: '/compare', name: 'Compare' },
  { path: '/notes', name: 'Notes' },
  { path: '/session', name: 'Session' },
  { path: '/devices', name: 'Devices' },
  { path: '/about', name: 'About' },
];

export function layout({ title, content, script, sources = [] }: View, { path, visitor, messages = [] }: Frame): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title} · websauna-session</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
        ${script !== undefined && html`<script src="${script}" defer></script>`}
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="top">
          <div class="top-inner">
            <a class="brand" href="/"
              ><img src="/icon.svg" alt="" width="28" height="28" /><span>websauna-session</span></a
            >
            <nav aria-label="Pages">${PAGES.map((page) => navLink(page, path))}</nav>
            ${visitor !== undefined && account(visitor)}
          </div>
        </header>
        <main id="content">${messages.map((message) => messageBox(message))}${content}</main>
        <footer>
          <p>Server-side sessions. Everything here works without JavaScript in the browser, too.</p>
          <p class="links">
            <span>Source:</span>
            ${sources.map((file) => sourceLink(`demo/src/${file}`, file))}<a href="/source">all files and docs</a>
          </p>
        </footer>
      </body>
    </html> `;
}

function navLink(page: (typeof PAGES)[number], path: string): Html {
  return html`<a href="${page.path}" ${isWithin(path, page.path) && html`aria-current="page"`}>${page.name}</a>`;
}

function isWithin(path: string, page: string): boolean {
  return path === page || path.startsWith(`${page}/`);
}

function account({ user, session }: NonNullable<Frame['visitor']>): Html {
  let content: Child;
  if (user === null) {
    content = html`<a class="button quiet" href="/log-in">Log in</a><a class="button" href="/sign-up">Sign up</a>`;
  } else {
    const form = postForm(session, '/log-out', html`<button class="button quiet">Log out</button>`);
    content = html`<span class="who" title="Logged in as ${user.name}"
        ><span class="avatar" aria-hidden="true">${initial(user.name)}</span
        ><span class="who-name">${user.name}</span></span
      >${form}`;
  }
  return html`<div class="account">${content}</div>`;
}

function initial(name: string): string {
  return String.fromCodePoint(name.codePointAt(0) ?? 0x20).toUpperCase();
}
