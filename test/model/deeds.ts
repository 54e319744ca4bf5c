import type { WebsaunaSession } from 'websauna-session';
import type { Session as Promised } from './model.ts';
import type { Deed } from './plan.ts';
import { CSRF } from './request.ts';
import type { Visitor } from './visitor.ts';

export type Session = WebsaunaSession<Record<string, unknown>>;

/** Seconds that a second factor may take. */
const PENDING_TIMEOUT = 400;

type Doing = { readonly [Kind in Deed['do']]: (visitor: Visitor, deed: Extract<Deed, { do: Kind }>) => unknown };

/** How each deed is done, to the session and to the model's request. */
export const DEEDS: Doing = {
  get: (visitor, { field }) =>
    visitor.expect(`the field ${field}`, visitor.session.get(field), visitor.request.get(field)),
  set({ session, request, play, browser }, { field }) {
    const value = [play.value(browser)];
    session.set(field, value);
    request.set(field, [...value]);
  },
  delete({ session, request }, { field }) {
    session.delete(field);
    request.delete(field);
  },
  mutate(visitor) {
    const { session, request, play, browser } = visitor;
    const [list, promised] = [session.get('list'), request.get('list')] as (string[] | undefined)[];
    visitor.expect('the field list', list, promised);
    const value = play.value(browser);
    if (list === undefined) {
      session.set('list', [value]);
      request.set('list', [value]);
    } else {
      list.push(value);
      request.mutate('list', [...promised!, value]);
    }
  },
  async update(visitor, { field }) {
    const { session, request, model, play, browser } = visitor;
    const value = play.value(browser);
    const change = (list: unknown): string[] => [...((list ?? []) as string[]), value];
    const { got, promised } = await visitor.act(
      `updates ${field}`,
      model.update(request, field, change),
      () => session.update(field, change),
      field,
    );
    if (promised !== undefined) visitor.expect('the updated field', got, promised);
  },
  flash({ session, request, play, browser }, { queue, once }) {
    const text = once ? `${browser.name} again` : play.value(browser);
    session.flash(text, queue, !once);
    request.flash(queue, { at: play.count(), text }, !once);
  },
  popFlash: (visitor, { queue }) =>
    visitor.expect('the messages', visitor.session.popFlash(queue), visitor.request.pop(queue)),
  async takeFlash(visitor, { queue }) {
    const { session, request, model, play } = visitor;
    const { got, promised } = await visitor.act('takes messages', model.take(request, queue), () =>
      session.takeFlash(queue),
    );
    visitor.expect('the messages', got, promised);
    play.witness.taken(got as string[]);
  },
  rotate({ session, request }) {
    session.rotate();
    request.markRotation();
  },
  login({ session, request, play }, { owner }) {
    session.login(play.userId(owner));
    request.markLogin(owner);
  },
  beginLogin({ session, request, model, play }, { owner }) {
    session.beginLogin(play.userId(owner), { timeout: PENDING_TIMEOUT });
    request.beginLogin(owner, model.now + PENDING_TIMEOUT * 1000);
  },
  logout({ session, request }) {
    session.logout();
    request.end();
  },
  invalidate({ session, request }) {
    session.invalidate();
    request.end();
  },
  timeout({ session, request, model }, { times }) {
    const seconds = model.rules.timeout * times;
    session.adjustTimeout(seconds);
    request.timeout = seconds;
  },
  async save(visitor) {
    const { session, request, model } = visitor;
    await visitor.act('saves', model.commit(request), () => session.save());
    visitor.look();
  },
  async setWhileSaving(visitor, { field }) {
    const { session, request, model, play, browser } = visitor;
    const value = [play.value(browser)];
    const set = (): void => {
      session.set(field, value);
      request.set(field, [...value]);
    };
    // What is written before a new session or a login is on its way may go with it: that is nobody's business.
    const atOnce = request.id === null || request.login !== null;
    if (atOnce) set();
    await visitor.act('saves', model.commit(request), async () => {
      const saved = session.save();
      if (!atOnce) set();
      await saved;
    });
    visitor.look();
  },
  form({ session, request, browser }) {
    const token = session.getCsrfToken();
    browser.forms.unshift({ token, secret: request.superseded ? null : request.csrf(token) });
  },
  renewForm({ session, request, browser }) {
    const token = session.newCsrfToken();
    request.set(CSRF, token);
    browser.forms.unshift({ token, secret: token });
  },
  submit(visitor, { form }) {
    const { forms } = visitor.browser;
    const chosen = forms[form % forms.length];
    if (chosen === undefined) return;
    const valid = chosen.secret !== null && chosen.secret === visitor.request.get(CSRF);
    visitor.expect('is the form valid', visitor.session.verifyCsrfToken(chosen.token), valid);
  },
  list: (visitor, { owner }) => listSessions(visitor, owner),
  async revoke(visitor, { owner, spare }) {
    const { session, request, model, factory, play } = visitor;
    const except = spare && request.id !== null ? session : null;
    const { got, promised } = await visitor.act(
      'revokes',
      model.revoke(owner, except === null ? null : request.id),
      () => factory.owners.revoke(play.userId(owner), except === null ? {} : { except }),
    );
    visitor.expect('how many were revoked', got, promised);
  },
  async revokeSession(visitor, { owner, device }) {
    const { model, factory, play } = visitor;
    const handles = await listSessions(visitor, owner);
    if (handles.length === 0) return;
    const handle = handles[device % handles.length]!;
    const { got, promised } = await visitor.act('ends a device', model.end(play.idByHandle(handle)!), () =>
      factory.owners.revokeSession(play.userId(owner), handle),
    );
    visitor.expect('was there such a device', got, promised);
  },
  both: (visitor, { these }) => Promise.all(these.map((deed) => visitor.do(deed))),
};

async function listSessions(visitor: Visitor, owner: string): Promise<string[]> {
  const { model, factory, play } = visitor;
  const { got, promised } = await visitor.act(`lists ${owner}`, model.list(owner), () =>
    factory.owners.list(play.userId(owner)),
  );
  const handles = (got as { handle: string }[]).map(({ handle }) => handle);
  const names = (promised as Promised[]).map(({ id }) => id.name);
  visitor.expect(
    `the sessions of ${owner}`,
    handles.map((handle) => play.nameOf(handle)),
    names,
  );
  return handles;
}
