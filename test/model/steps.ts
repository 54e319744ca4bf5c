import type { WebsaunaSession } from 'websauna-session';
import type { Session as ModelSession } from './model.ts';
import type { Step } from './plan.ts';
import { TIMES } from './environment.ts';
import { CSRF, formOf, isFormValid } from './request.ts';
import type { RequestRun } from './request-run.ts';
import { Violation } from './violation.ts';

export type Session = WebsaunaSession<Record<string, unknown>>;

/** Seconds that a second factor may take. */
const PENDING_TIMEOUT = 400;

type Doing = { readonly [Kind in Step['do']]: (run: RequestRun, step: Extract<Step, { do: Kind }>) => unknown };

/** How each step is done, to the session and to the model's request. Those that return a promise wait for something. */
export const STEPS: Doing = {
  get(run, { field }) {
    const value = run.atOnce(
      'get',
      () => run.session.get(field),
      () => (run.request.access(), run.request.epoch.get(field)),
    );
    if (value !== null) run.expect(`the field ${field}`, value.got, value.promised);
  },
  set(run, { field }) {
    const value = [run.value()];
    run.atOnce(
      'set',
      () => run.session.set(field, value),
      () => run.request.write().set(field, [...value]),
    );
  },
  delete(run, { field }) {
    run.atOnce(
      'delete',
      () => run.session.delete(field),
      () => run.request.write().delete(field),
    );
  },
  mutate(run) {
    const { session, request } = run;
    const read = run.atOnce(
      'get',
      () => session.get('list'),
      () => (request.access(), request.epoch.get('list')),
    );
    if (read === null) return;
    const [list, promised] = [read.got, read.promised] as (string[] | undefined)[];
    run.expect('the field list', list, promised);
    const value = run.value();
    if (list === undefined) {
      run.atOnce(
        'set',
        () => session.set('list', [value]),
        () => request.write().set('list', [value]),
      );
    } else {
      list.push(value);
      request.epoch.mutate('list', [...promised!, value]);
    }
  },
  async update(run, { field }) {
    const { session, request, model } = run;
    const value = run.value();
    const change = (list: unknown): string[] => [...((list ?? []) as string[]), value];
    const { epoch } = request;
    const { got, promised, code } = await run.call(
      `updates ${field}`,
      { steps: () => model.update(request, field, change, epoch), check: () => request.write(), queue: 'always' },
      () => session.update(field, change),
    );
    if (code !== null) return;
    // The handler may have changed the value in place since.
    run.expect('the updated field', (got as string[]).slice(0, (promised as string[]).length), promised);
  },
  flash(run, { queue, once }) {
    const { session, request, plan, browser } = run;
    const text = once ? `${browser.name} again` : run.value();
    const message = { at: plan.countMessage(), text };
    run.atOnce(
      'flash',
      () => session.flash(text, queue, !once),
      () => request.write().flash(queue, message, !once),
    );
  },
  popFlash(run, { queue }) {
    const popped = run.atOnce(
      'popFlash',
      () => run.session.popFlash(queue),
      () => run.request.pop(queue),
    );
    if (popped !== null) run.expect('the messages', popped.got, popped.promised);
  },
  async takeFlash(run, { queue }) {
    const { session, request, model, plan } = run;
    const { epoch } = request;
    const isPrefetch = request.kind === 'prefetch';
    const { got, promised, code } = await run.call(
      'takes messages',
      isPrefetch
        ? { steps: noMessages, check: () => request.write(), queue: 'never' }
        : { steps: () => model.take(request, queue, epoch), check: () => request.write(), queue: 'always' },
      () => session.takeFlash(queue),
    );
    if (code !== null) return;
    run.expect('the messages', got, promised);
    plan.invariants.taken(got as string[]);
  },
  rotate(run, { grace }) {
    run.atOnce(
      'rotate',
      () => run.session.rotate({ grace }),
      () => run.request.rotate(grace),
    );
  },
  login(run, { owner, says }) {
    const { session, request, plan } = run;
    const spec = plan.sayable(says);
    const { index, ...options } = spec;
    const named = index === undefined ? {} : { index: { sid: index + plan.tag } };
    // A login as another owner is an end of the session, too.
    const left = request.epoch.known?.owner ?? null;
    run.askedForEnd ||= left !== null && left !== owner;
    run.atOnce(
      'login',
      () => session.login(plan.userId(owner), { ...options, ...named }),
      () => request.login(owner, plan.now(), spec),
    );
  },
  beginLogin(run, { owner }) {
    const { session, request, plan } = run;
    run.atOnce(
      'beginLogin',
      () => session.beginLogin(plan.userId(owner), { timeout: PENDING_TIMEOUT }),
      () => request.beginLogin(owner, plan.now(), PENDING_TIMEOUT),
    );
  },
  logout(run) {
    const ended = run.atOnce(
      'logout',
      () => run.session.logout(),
      () => run.request.logout(),
    );
    run.askedForEnd ||= ended !== null;
  },
  invalidate(run) {
    const ended = run.atOnce(
      'invalidate',
      () => run.session.invalidate(),
      () => run.request.logout(),
    );
    run.askedForEnd ||= ended !== null;
  },
  timeout(run, { times }) {
    const { session, request } = run;
    const seconds = TIMES.timeout * times;
    run.atOnce(
      'adjustTimeout',
      () => session.adjustTimeout(seconds),
      () => void (request.write().timeout = seconds),
    );
  },
  async load(run) {
    const { session, request, model } = run;
    // A second load is the first one again.
    const isNew = request.phase === 'unloaded' && !request.loading;
    request.loading ||= isNew;
    await run.call(
      'loads its session',
      isNew ? { steps: () => model.load(request), queue: 'always' } : { steps: nothing, queue: 'never' },
      () => session.load(),
    );
    if (request.phase === 'unloaded')
      throw new Violation(`request ${run.order} has loaded its session before it is loaded`);
  },
  async reload(run) {
    const { session, request, model } = run;
    const isLoad = request.phase === 'unloaded';
    const isNew = isLoad && !request.loading;
    request.loading ||= isNew;
    const { epoch } = request;
    const steps = isLoad ? () => model.load(request) : () => model.reload(request, epoch);
    await run.call(
      'reloads its session',
      isLoad && !isNew ? { steps: nothing, queue: 'never' } : { steps, queue: 'always' },
      () => session.reload(),
    );
  },
  async save(run) {
    const { session, request, model } = run;
    const when = request.headLeaving ? 'late' : 'early';
    await run.call(
      'saves',
      { steps: () => model.commit(request, when), check: () => request.access(), queue: 'unless-done' },
      () => session.save(),
    );
  },
  async wait(run) {
    await run.wait('waits');
  },
  form(run) {
    const { session, request, browser, worker } = run;
    const token = attemptToken(() => session.getCsrfToken());
    if (request.phase === 'unloaded') return run.expect('its token', token, undefined);
    request.access();
    if (request.phase === 'lost') return void browser.forms.unshift({ token: token!, csrf: null, secret: null });
    // After the head has left, a session that is not stored cannot be given a secret.
    browser.forms.unshift(formOf(token!, request.epoch.csrf(token!), worker));
  },
  renewForm(run) {
    const { session, request, browser, worker } = run;
    const renewed = run.atOnce(
      'newCsrfToken',
      () => session.newCsrfToken(),
      () => request.write(),
    );
    if (renewed === null) return;
    const token = renewed.got;
    request.epoch.set(CSRF, token);
    browser.forms.unshift(formOf(token, token, worker));
  },
  submit(run, { form }) {
    const { forms } = run.browser;
    const chosen = forms[form % forms.length];
    if (chosen === undefined || run.request.phase === 'unloaded') return;
    run.request.access();
    const valid = isFormValid(chosen, run.request.epoch.get(CSRF), run.worker);
    run.expect('is the form valid', run.session.verifyCsrfToken(chosen.token), valid);
  },
  list: (run, { owner }) => listSessions(run, owner),
  async revoke(run, { owner, spare }) {
    const { session, request, model, factory, plan, worker } = run;
    // A load that revokes itself could not be told from this.
    if (request.phase === 'unloaded' && worker.onReuse === 'end-owner') await run.settled();
    const except = spare && request.id !== null ? session : null;
    const check = (): void => (except === null ? undefined : request.access());
    const { got, promised, code } = await run.call(
      'revokes',
      { steps: () => model.revoke(worker, owner, except === null ? null : request.id), check, queue: 'never' },
      () => factory.owners.revoke(plan.userId(owner), except === null ? {} : { except }),
    );
    if (code === null) run.expect('how many were revoked', got, promised);
  },
  async revokeSession(run, { owner, device }) {
    const { model, factory, plan, worker } = run;
    await run.settled();
    const handles = await listSessions(run, owner);
    if (handles.length === 0) return;
    const handle = handles[device % handles.length]!;
    const { got, promised } = await run.call(
      'ends a device',
      { steps: () => model.revokeSession(worker, plan.idByHandle(handle)!), queue: 'never' },
      () => factory.owners.revokeSession(plan.userId(owner), handle),
    );
    run.expect('was there such a device', got, promised);
  },
  async revokeBy(run, { index }) {
    const { model, factory, worker, plan } = run;
    await run.settled();
    const { got, promised } = await run.call(
      `revokes by ${index}`,
      { steps: () => model.revokeBy(worker, index), queue: 'never' },
      () => factory.owners.revokeBy('sid', index + plan.tag),
    );
    run.expect('how many were revoked by an index', got, promised);
  },
  changePassword(run, { owner }) {
    run.plan.accesses('write');
    run.model.changePassword(owner);
  },
};

// oxlint-disable-next-line require-yield -- it does all at once
function* noMessages(): Generator<never, string[], undefined> {
  return [];
}

function* nothing(): Generator<never, void, undefined> {}

function attemptToken(render: () => string): string | undefined {
  try {
    return render();
  } catch {
    return undefined;
  }
}

async function listSessions(run: RequestRun, owner: string): Promise<string[]> {
  const { model, factory, plan, worker } = run;
  const { got, promised } = await run.call(
    `lists ${owner}`,
    { steps: () => model.list(worker, owner), queue: 'never' },
    () => factory.owners.list(plan.userId(owner)),
  );
  const handles = (got as { handle: string }[]).map(({ handle }) => handle);
  const names = (promised as ModelSession[]).map(({ id }) => id.name);
  run.expect(
    `the sessions of ${owner}`,
    handles.map((handle) => plan.nameOf(handle)),
    names,
  );
  return handles;
}
