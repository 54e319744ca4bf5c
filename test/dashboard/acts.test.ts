import { describe, expect, it } from 'vitest';
import { DashboardFixture, type Visitor } from './support.ts';

async function act(site: DashboardFixture, page: string, form: Record<string, string>, by: Visitor): Promise<string> {
  const answer = await site.post(`?page=${page}`, { _csrf: await site.token(by), ...form }, by);
  expect(answer.status).toBe(303);
  return answer.headers.get('location')!;
}

async function text(site: DashboardFixture, query: string, visitor: Visitor): Promise<string> {
  return (await (await site.get(query, visitor)).text()).replaceAll(/\s+/g, ' ');
}

describe('an act', () => {
  it('ends one session of an owner, and says so once', async () => {
    const site = new DashboardFixture();
    const [ada, bea, other] = [await site.logIn('ada'), await site.logIn('bea'), await site.logIn('bea')];
    const back = await act(site, 'end', { owner: 'bea', handle: bea.handle }, ada);
    expect(back).toBe('?page=owner&owner=bea');
    expect([await site.isLive(bea), await site.isLive(other)]).toEqual([false, true]);
    expect(await text(site, back, ada)).toContain('The session has been ended.');
    expect(await text(site, back, ada)).not.toContain('The session has been ended.');
    await act(site, 'end', { owner: 'bea', handle: bea.handle }, ada);
    expect(await text(site, back, ada)).toContain('That session had already ended.');
  });

  it('ends all sessions of an owner', async () => {
    const site = new DashboardFixture();
    const [ada, bea, other] = [await site.logIn('ada'), await site.logIn('bea'), await site.logIn('bea')];
    const back = await act(site, 'end-all', { owner: 'bea' }, ada);
    expect([await site.isLive(bea), await site.isLive(other), await site.isLive(ada)]).toEqual([false, false, true]);
    expect(await text(site, back, ada)).toContain('2 sessions ended.');
  });

  it('spares the session that asks', async () => {
    const site = new DashboardFixture();
    const [ada, other] = [await site.logIn('ada'), await site.logIn('ada')];
    const page = await text(site, '?page=owner&owner=ada', ada);
    expect(page).toContain('End all others');
    expect(page).toContain('This is you');
    await act(site, 'end', { owner: 'ada', handle: ada.handle }, ada);
    expect(await site.isLive(ada)).toBe(true);
    await act(site, 'end-all', { owner: 'ada' }, ada);
    expect([await site.isLive(ada), await site.isLive(other)]).toEqual([true, false]);
  });

  it('ends the sessions of a login index', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    const index = { sid: 'abc' };
    const [bea, cy, dan] = [
      await site.logIn('bea', { index }),
      await site.logIn('cy', { index }),
      await site.logIn('dan'),
    ];
    expect(await text(site, '?page=index&name=sid&value=abc', ada)).toContain('2 live sessions');
    await act(site, 'end-index', { name: 'sid', value: 'abc' }, ada);
    expect([await site.isLive(bea), await site.isLive(cy), await site.isLive(dan)]).toEqual([false, false, true]);
  });

  it('ends an anonymous session', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    const stranger = await site.logIn('nobody', { anonymous: true, fields: { basket: 1 } });
    expect(await text(site, `?page=session&session=${stranger.handle}`, ada)).toContain('None: no login');
    await act(site, 'end', { handle: stranger.handle }, ada);
    expect(await site.isLive(stranger)).toBe(false);
  });

  it('ends nothing by the handle of another owner', async () => {
    const site = new DashboardFixture();
    const [ada, bea] = [await site.logIn('ada'), await site.logIn('bea')];
    await act(site, 'end', { owner: 'cy', handle: bea.handle }, ada);
    await act(site, 'end', { handle: bea.handle }, ada);
    await act(site, 'end-all', { owner: '' }, ada);
    await act(site, 'end-index', { name: '', value: '' }, ada);
    expect(await site.isLive(bea)).toBe(true);
  });

  it('ends nothing by a form that lacks its fields, or that goes to no act', async () => {
    const site = new DashboardFixture();
    const [ada, bea] = [await site.logIn('ada'), await site.logIn('bea', { index: { sid: 'abc' } })];
    expect(await act(site, 'end', {}, ada)).toBe('?');
    expect(await text(site, '', ada)).toContain('That session had already ended.');
    for (const page of ['end-all', 'end-index']) {
      await act(site, page, {}, ada);
      expect(await text(site, '', ada)).toContain('There was no session to end.');
    }
    expect((await site.post('?page=nothing', { _csrf: await site.token(ada) }, ada)).status).toBe(404);
    expect(await site.isLive(bea)).toBe(true);
  });

  it('ends the session that asks, too, where it has the login index', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada', { index: { sid: 'abc' } });
    expect(await text(site, '?page=index&name=sid&value=abc', ada)).toContain('also where that is you');
    const form = { _csrf: await site.token(ada), name: 'sid', value: 'abc' };
    const { headers } = await site.post('?page=end-index', form, ada);
    // No new session for a message that no one is to read.
    expect(headers.getSetCookie()).toEqual([]);
    expect(await site.isLive(ada)).toBe(false);
  });
});
