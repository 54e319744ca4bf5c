import { exchangeOf, Jar } from '../support/visit.ts';
import { difference } from './broken.ts';
import type { Id } from './model.ts';
import { OWNERS, QUEUES } from './plan.ts';
import type { Browser, Play } from './play.ts';
import { CSRF, Request } from './request.ts';

/**
 * Comes with every cookie that anybody was ever told, lists the sessions of every owner, and compares with
 * the model. Commits nothing. Says what is wrong, if anything.
 */
export async function observe(play: Play): Promise<string | null> {
  const problems = await Promise.all([
    ...[...play.cookies].map(([id, { value, browser }]) => look(play, id, value, browser)),
    ...OWNERS.map((owner) => list(play, owner)),
  ]);
  return play.witness.problem ?? problems.find((problem) => problem !== null) ?? null;
}

async function look(play: Play, id: Id, value: string, browser: Browser): Promise<string | null> {
  const { model, witness } = play;
  const exchange = exchangeOf(new Jar(), { headers: { cookie: `session=${value}` } });
  const session = await play.cast.observer.load(exchange);
  const { isNew } = session;
  witness.saw(id, isNew ? null : session, browser.name);

  const request = new Request(id);
  for (const step of model.load(request)) void step;
  const place = request.id === null ? undefined : model.at(request.id);
  const stored = place?.is === 'session' ? place.session : null;
  const pending = request.pendingLogin(model.now);
  const data = request.names('').filter((name) => !name.startsWith('@'));
  const forms = browser.forms.slice(0, 2);
  const got = {
    opens: isNew ? null : play.nameOf(session.handle),
    owner: session.owner,
    pending: session.pendingLogin?.owner ?? null,
    data: { ...session.toJSON() },
    flashes: QUEUES.map((queue) => session.peekFlash(queue)),
    forms: forms.map(({ token }) => session.verifyCsrfToken(token)),
    times: isNew ? null : [session.createdAt, session.expiresAt, session.lastSeenAt, session.timeout].map(Number),
  };
  return difference(`who comes with ${id.name}`, got, {
    opens: stored?.id.name ?? null,
    owner: stored?.owner == null ? null : play.userId(stored.owner),
    pending: pending === null ? null : play.userId(pending),
    data: Object.fromEntries(data.map((name) => [name, request.get(name)])),
    flashes: QUEUES.map((queue) => request.messages(queue)),
    forms: forms.map(({ secret }) => secret !== null && secret === request.get(CSRF)),
    times: stored && [stored.createdAt, stored.expiresAt, stored.lastSeen - (stored.lastSeen % 1000), stored.timeout],
  });
}

async function list(play: Play, owner: string): Promise<string | null> {
  const devices = await play.cast.observer.owners.list(play.userId(owner));
  play.witness.lists(owner, devices.length, play.plan.max);
  const names = devices.map(({ handle }) => play.nameOf(handle));
  return difference(
    `the sessions of ${owner}`,
    names,
    play.model.owned(owner).map(({ id }) => id.name),
  );
}
