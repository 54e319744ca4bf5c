import { createSessionFactory } from 'websauna-session';
import { createDashboard } from 'websauna-session/dashboard';
import { withSession } from 'websauna-session/fetch';
import { describe, expect, it } from 'vitest';
import { DashboardFixture, learned } from './support.ts';

const PAGES = [
  '',
  '?page=owners&q=bea',
  '?page=owner&owner=bea',
  '?page=owner&owner=nobody',
  '?page=index&name=sid&value=1',
  '?page=session&session=x',
  '?page=events',
  '?page=cookies',
  '?page=probe',
  '?page=stream',
  '?page=style',
  '?page=script',
  '?page=nothing',
];

describe('who may look', () => {
  it('has to be said: without it there is no dashboard', () => {
    const factory = createSessionFactory({ secret: 'a secret of the tests, of 32 bytes or more' });
    expect(() => createDashboard(factory, {} as never)).toThrow(
      'Expected `canView` to be a function of session and request that returns true or false, got undefined. Say who may see the dashboard: without it, no one may',
    );
    expect(() => createDashboard({} as never, { canView: () => true })).toThrow(
      'Expected `factory` to be what `createSessionFactory` returns',
    );
  });

  it('is told of every option that is wrong', () => {
    const factory = createSessionFactory({ secret: 'a secret of the tests, of 32 bytes or more' });
    const canView = (): boolean => true;
    expect(() => createDashboard(factory, { canView, canact: canView } as never)).toThrow('Did you mean `canAct`?');
    expect(() => createDashboard(factory, { canView: true } as never)).toThrow(TypeError);
    expect(() => createDashboard(factory, { canView, freshFor: -1 })).toThrow('an integer of seconds');
    expect(() => createDashboard(factory, { canView, showValues: 1 } as never)).toThrow('true or false');
    expect(() => createDashboard(factory, { canView, title: '' })).toThrow('a non-empty string');
  });

  it('gets the same response to everything without the right, whether or not it exists', async () => {
    const site = new DashboardFixture();
    const bea = await site.logIn('bea');
    const pages = [...PAGES, `?page=session&session=${bea.handle}&owner=bea`];
    for (const visitor of [undefined, bea]) {
      const first = await learned(await site.get('?page=whatever', visitor));
      expect(first).toContain('404');
      for (const page of pages) expect.soft(await learned(await site.get(page, visitor)), page).toBe(first);
      for (const act of ['end', 'end-all', 'end-index', 'nothing']) {
        const form = { owner: 'bea', handle: bea.handle, name: 'sid', value: '1' };
        expect.soft(await learned(await site.post(`?page=${act}`, form, visitor)), act).toBe(first);
      }
    }
    expect(await site.isLive(bea)).toBe(true);
  });

  it('takes nothing but true for a yes', async () => {
    const site = new DashboardFixture({}, { canView: (() => ({ admin: false })) as never });
    expect((await site.get('', await site.logIn('ada'))).status).toBe(404);
  });

  it('lets no other method through', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    const session = { owner: 'ada', load: async () => {} };
    const answer = await site.dashboard.fetch(new Request('http://localhost/', { method: 'DELETE' }), session as never);
    expect(answer.status).toBe(404);
    expect((await site.get('', ada)).status).toBe(200);
  });
});

describe('who may act', () => {
  it('a reader learns nothing from an act: the same refusal, whether or not there is anything to end', async () => {
    const site = new DashboardFixture();
    const [rita, bea] = await Promise.all([site.logIn('rita'), site.logIn('bea')]);
    const _csrf = await site.token(rita);
    const refused = await learned(await site.get('?page=whatever'));
    const acts: [string, Record<string, string>][] = [
      ['end', { handle: bea.handle, owner: 'bea' }],
      ['end', { handle: 'A'.repeat(43), owner: 'nobody' }],
      ['end-all', { owner: 'bea' }],
      ['end-all', { owner: 'nobody' }],
      ['end-index', { name: 'sid', value: '1' }],
      ['nothing', {}],
    ];
    for (const [act, form] of acts) {
      expect.soft(await learned(await site.post(`?page=${act}`, { _csrf, ...form }, rita)), act).toBe(refused);
    }
    expect(await site.isLive(bea)).toBe(true);
    const page = await (await site.get('?page=owner&owner=bea', rita)).text();
    expect(page).toContain('1 live session');
    expect(page).not.toContain('method="post"');
  });

  it('is no one where the application does not say', async () => {
    const site = new DashboardFixture({}, { canAct: undefined } as never);
    const [ada, bea] = await Promise.all([site.logIn('ada'), site.logIn('bea')]);
    const form = { _csrf: await site.token(ada), owner: 'bea' };
    expect((await site.post('?page=end-all', form, ada)).status).toBe(404);
    expect(await site.isLive(bea)).toBe(true);
  });

  it('needs a token and a form of this site, and the refusal says nothing of what it was about', async () => {
    const site = new DashboardFixture();
    const [ada, bea] = await Promise.all([site.logIn('ada'), site.logIn('bea')]);
    const _csrf = await site.token(ada);
    const refuse = async (form: Record<string, string>, headers = {}): Promise<string> => {
      const answer = await site.post('?page=end-all', form, ada, headers);
      expect(answer.status).toBe(403);
      return await answer.text();
    };
    const refusals = await Promise.all([
      refuse({ owner: 'bea' }),
      refuse({ owner: 'nobody' }),
      refuse({ owner: 'bea', _csrf: 'forged' }),
      refuse({ owner: 'bea', _csrf }, { 'sec-fetch-site': 'cross-site' }),
      refuse({ owner: 'bea', _csrf }, { 'sec-fetch-site': 'same-site' }),
    ]);
    expect(new Set(refusals).size).toBe(1);
    expect(await site.isLive(bea)).toBe(true);
  });

  it('takes nothing but a form', async () => {
    const site = new DashboardFixture();
    const [ada, bea] = await Promise.all([site.logIn('ada'), site.logIn('bea')]);
    const form = { owner: 'bea', _csrf: await site.token(ada) };
    expect((await site.post('?page=end-all', form, ada, { 'content-type': 'text/plain' })).status).toBe(404);
    expect((await site.post('?page=end-all', { ...form, more: 'x'.repeat(20_000) }, ada)).status).toBe(404);
    expect((await site.post('?page=end-all', form, ada, { 'content-length': '20000' })).status).toBe(404);
    const headers = { cookie: ada.cookie, 'sec-fetch-site': 'same-origin' };
    const empty = new Request('http://localhost/admin?page=end-all', { method: 'POST', headers });
    expect((await withSession(site.factory, site.dashboard.fetch)(empty)).status).toBe(404);
    expect(await site.isLive(bea)).toBe(true);
  });

  it('needs a fresh login', async () => {
    const site = new DashboardFixture({ touchInterval: 0 });
    const [ada, bea] = [await site.logIn('ada'), await site.logIn('bea')];
    site.pass(899);
    const form = { owner: 'bea', _csrf: await site.token(ada) };
    site.pass(2);
    const answer = await site.post('?page=end-all', form, ada);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('Log in again first');
    expect(await site.isLive(bea)).toBe(true);
  });

  it('is sent to log in where the application says so, and may be anyone logged in where it says so', async () => {
    const onNotFresh = (): Response => new Response(null, { status: 303, headers: { location: '/log-in' } });
    const strict = new DashboardFixture({}, { freshFor: 0, onNotFresh });
    const ada = await strict.logIn('ada');
    strict.pass(1);
    const answer = await strict.post('?page=end-all', { owner: 'bea', _csrf: await strict.token(ada) }, ada);
    expect(answer.headers.get('location')).toBe('/log-in');

    const any = new DashboardFixture({ timeout: 7200 }, { freshFor: null });
    const [later, bea] = [await any.logIn('ada'), await any.logIn('bea')];
    any.pass(3600);
    await any.post('?page=end-all', { owner: 'bea', _csrf: await any.token(later) }, later);
    expect(await any.isLive(bea)).toBe(false);
  });
});
