import type { Exchange } from 'websauna-session';
import { limitsIn, type Id } from './model.ts';
import { QUEUES } from './plan.ts';
import type { Browser, PlanRun } from './plan-run.ts';
import { replayTrail } from '../support/audit-trail.ts';
import { CSRF, isFormValid, Request } from './request.ts';
import { difference, endDifference } from './violation.ts';

/**
 * Comes with every cookie that any client was ever sent, lists the sessions of every owner who can have some, and
 * compares with the model. Commits nothing. Returns what is wrong, if anything.
 */
export async function observe(plan: PlanRun): Promise<string | null> {
  const problems = await Promise.all([
    ...[...plan.cookies].map(([id, { value, browser }]) => look(plan, id, value, plan.browsers[browser]!)),
    ...[...plan.owners].map((owner) => list(plan, owner)),
  ]);
  return plan.invariants.problem ?? problems.find((problem) => problem !== null) ?? null;
}

/** Returns the id of the session that a browser can open. */
export function opensWith(plan: PlanRun, { cookie }: Browser): Id | null {
  const { model, observer } = plan.setting;
  if (cookie === null || (cookie.expiresAt !== null && model.now >= cookie.expiresAt)) return null;
  const request = new Request(observer, [cookie]);
  for (const step of model.load(request)) void step;
  return request.id;
}

async function look(plan: PlanRun, id: Id, value: string, browser: Browser): Promise<string | null> {
  const { setting, invariants } = plan;
  const { model, observer, factories } = setting;
  const exchange: Exchange = {
    method: 'GET',
    url: '/',
    secure: false,
    clientAddress: null,
    request: {},
    header: (name) => (name === 'cookie' ? `session=${value}` : undefined),
  };
  const session = await factories.observer.load(exchange);
  const { isNew } = session;
  invariants.opens(id, plan.handleOf(value), isNew ? null : session, browser.name, model.now);

  const request = new Request(observer, [{ id, secret: observer.secrets[0]! }]);
  for (const step of model.load(request)) void step;
  const { epoch } = request;
  const place = epoch.id === null ? undefined : model.at(epoch.id);
  const stored = place?.is === 'session' ? place.session : null;
  const pending = request.pendingLogin(model.now)?.owner ?? null;
  const data = epoch.names('').filter((name) => !name.startsWith('@'));
  const forms = browser.forms.slice(0, 2);
  const got = {
    opens: isNew ? null : plan.nameOf(session.handle),
    owner: session.owner,
    pending: session.pendingLogin?.owner ?? null,
    data: { ...session.toJSON() },
    flashes: QUEUES.map((queue) => session.peekFlash(queue)),
    forms: forms.map(({ token }) => session.verifyCsrfToken(token)),
    ended: endDifference('', session, request, plan.tolerance),
    times: isNew ? null : [session.createdAt, session.expiresAt, session.lastSeenAt, session.timeout].map(Number),
    remember: session.remember,
  };
  return difference(`a request with ${id.name}`, got, {
    opens: stored?.id.name ?? null,
    owner: stored?.owner == null ? null : plan.userId(stored.owner),
    pending: pending === null ? null : plan.userId(pending),
    data: Object.fromEntries(data.map((name) => [name, epoch.get(name)])),
    flashes: QUEUES.map((queue) => epoch.messages(queue)),
    forms: forms.map((form) => isFormValid(form, epoch.get(CSRF), observer)),
    ended: null,
    times: stored && [
      stored.createdAt,
      limitsIn(observer, stored).expiresAt,
      stored.lastSeen - (stored.lastSeen % 1000),
      limitsIn(observer, stored).timeout.seconds,
    ],
    remember: stored?.remember ?? null,
  });
}

async function list(plan: PlanRun, owner: string): Promise<string | null> {
  const { factories, model } = plan.setting;
  const devices = await factories.observer.owners.list(plan.userId(owner));
  plan.invariants.lists(owner, devices.length, plan.plan.max);
  const names = devices.map(({ handle }) => plan.nameOf(handle));
  const owned = ['old', 'new'].flatMap((secret) => model.owned(owner, [secret]));
  return difference(
    `the sessions of ${owner}`,
    names,
    owned.map(({ id }) => id.name),
  );
}

/** Seconds that every session lives at least. */
const SHORTEST_LIFE = 300;

/** Compares the audit trails, where there are any, with the sessions that the owners have. Expired ones are in no trail. */
export async function judgeTrails(plan: PlanRun): Promise<string | null> {
  if (!plan.hasTrails) return null;
  const problems = await Promise.all([...plan.owners].map((owner) => judgeTrail(plan, owner)));
  return problems.find((problem) => problem !== null) ?? null;
}

async function judgeTrail(plan: PlanRun, owner: string): Promise<string | null> {
  const { factories, model } = plan.setting;
  const devices = await factories.observer.owners.list(plan.userId(owner));
  const told = replayTrail(await factories.observer.audit.read({ owner: plan.userId(owner), limit: 1000 }));
  if (told.problem !== null) return `the trail of ${owner}: ${told.problem}`;
  const listed = new Set(devices.map(({ handle }) => handle));
  for (const handle of listed) {
    if (!told.live.has(handle)) return `the trail of ${owner} does not know ${plan.nameOf(handle)}, which is there`;
  }
  for (const [handle, begun] of told.live) {
    const age = (model.now - begun.getTime()) / 1000;
    if (!listed.has(handle) && age < SHORTEST_LIFE) {
      return `the trail of ${owner} does not know the end of ${plan.nameOf(handle)}`;
    }
  }
  return null;
}
