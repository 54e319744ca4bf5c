import type { OwnedSession, Session } from 'websauna-session';
import type { User } from '../users.ts';
import { describeAgent } from './agent.ts';
import { postForm } from './forms.ts';
import { html, type Child, type Html } from './html.ts';
import { icon } from './icons.ts';
import type { View } from './layout.ts';
import { timeAgo } from './time.ts';

export function devicesPage(user: User, devices: readonly OwnedSession[], session: Session): View {
  const others = devices.some((device) => !device.current && !isVoid(device, user));
  return {
    title: 'Your devices',
    sources: ['routes/devices.ts', 'views/devices.ts'],
    content: html`<header class="page-head">
        <h1>Your devices</h1>
        <p class="lead">
          These devices are logged in to your account. If you do not recognise one, log it out and change your password.
        </p>
      </header>
      <ul class="list" aria-label="Devices">
        ${devices.map((device) => item(device, user, session))}
      </ul>
      <div class="actions">
        ${others && postForm(session, '/devices/log-out-others', html`<button class="button danger">Log out everywhere else</button>`)}
        <a class="button quiet" href="/password">Change password</a>
        ${user.isAdministrator && html`<a class="button quiet" href="/admin/sessions">Sessions of all users</a>`}
      </div>`,
  };
}

function item(device: OwnedSession, user: User, session: Session): Html {
  const agent = describeAgent(device.userAgent);
  return html`<li class="row device">
    <span class="badge-icon">${icon(agent.mobile ? 'phone' : 'computer')}</span>
    <div class="row-text">
      <h2>${agent.name}${device.current && html` <span class="tag">This device</span>`}</h2>
      <p class="meta">
        <span>${device.clientAddress ?? 'Unknown address'}</span>
        <span>Last seen ${timeAgo(device.lastSeenAt)}</span>
        <span>${loginOf(device)}</span>
      </p>
    </div>
    ${!device.current && action(device, user, session, agent.name)}
  </li>`;
}

function loginOf({ method, authenticatedAt }: OwnedSession): Child {
  return authenticatedAt !== null && html`Logged in ${timeAgo(authenticatedAt)}${method !== null && ` by ${method}`}`;
}

function action(device: OwnedSession, user: User, session: Session, name: string): Html {
  // `invalidateBefore` has the last word about it, when it comes back.
  if (isVoid(device, user)) return html`<span class="tag muted">Logged out</span>`;
  const button = html`<button class="button quiet small" aria-label="Log out ${name}">Log out</button>`;
  return postForm(session, `/devices/${device.handle}/log-out`, button);
}

function isVoid({ authenticatedAt }: OwnedSession, { passwordChangedAt }: User): boolean {
  return authenticatedAt !== null && passwordChangedAt !== null && authenticatedAt < passwordChangedAt;
}
