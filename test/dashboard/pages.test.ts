import { describe, expect, it } from 'vitest';
import { encrypted } from 'websauna-session/encrypted';
import type { SessionOptions } from 'websauna-session';
import { withSession } from 'websauna-session/fetch';
import { MemoryStore } from 'websauna-session/memory';
import { rich } from 'websauna-session/rich';
import { icon } from '../../src/dashboard/icons.ts';
import { DashboardFixture, type Visitor } from './support.ts';

const HOSTILE = `<img src=x onerror=alert(1)>"'&`;

async function text(site: DashboardFixture, query: string, visitor: Visitor, status = 200): Promise<string> {
  const answer = await site.get(query, visitor);
  expect(answer.status).toBe(status);
  return (await answer.text()).replaceAll(/\s+/g, ' ');
}

describe('every page', () => {
  it('is stored nowhere, framed by no page, and runs nothing but its own script', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    for (const page of ['', '?page=owner&owner=ada', '?page=events', '?page=cookies', '?page=style', '?page=nothing']) {
      const { headers } = await site.get(page, ada);
      expect.soft(headers.get('cache-control'), page).toBe('no-store');
      expect(headers.get('content-security-policy')).toContain(
        "default-src 'none'; style-src 'self'; script-src 'self'",
      );
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    const page = await text(site, '', ada);
    expect(page).not.toMatch(/<script(?! src="\?page=script" defer>)|<style| style=| on\w+=|https?:\/\//);
  });

  it('escapes what comes from outside: owners, names, user agents, fields, searches', async () => {
    const site = new DashboardFixture(
      {},
      { ownerName: (owner) => `${HOSTILE} ${owner}`, title: HOSTILE, showValues: true },
    );
    const ada = await site.logIn('ada');
    const headers = { 'user-agent': `Mozilla/5.0 ${HOSTILE}`, 'x-forwarded-for': HOSTILE };
    const victim = await site.logIn(HOSTILE, { fields: { [HOSTILE]: HOSTILE }, index: { sid: HOSTILE } }, headers);
    const query = (parameters: Record<string, string>): string => `?${new URLSearchParams(parameters).toString()}`;
    const pages = [
      '',
      query({ page: 'owner', owner: HOSTILE }),
      query({ page: 'session', session: victim.handle, owner: HOSTILE }),
      query({ page: 'index', name: 'sid', value: HOSTILE }),
      '?page=events',
      '?page=cookies',
    ];
    for (const page of pages) expect.soft(await text(site, page, ada), page).not.toContain('<img');
    for (const page of [query({ page: 'session', session: HOSTILE, owner: HOSTILE }), query({ page: HOSTILE })]) {
      expect.soft(await text(site, page, ada, 404), page).not.toContain('<img');
    }
    const hostileSearch = new DashboardFixture(
      {},
      {
        findOwners: () => [
          { owner: HOSTILE, name: HOSTILE },
          { owner: 'b', name: 'b' },
        ],
      },
    );
    const admin = await hostileSearch.logIn('ada');
    const found = await text(hostileSearch, query({ page: 'owners', q: HOSTILE }), admin);
    expect(found).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
    expect(found).not.toContain('<img');
  });

  it('is not found by the name of a member that every object has', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    expect(await text(site, '?page=constructor', ada, 404)).toContain('There is no such page');
    expect(await text(site, '?page=__proto__', ada, 404)).toContain('There is no such page');
  });
});

describe('the search', () => {
  it('takes what was typed for an owner, unless the application finds owners', async () => {
    const site = new DashboardFixture();
    const answer = await site.get('?page=owners&q=bea%26co', await site.logIn('ada'));
    expect(answer.headers.get('location')).toBe('?page=owner&owner=bea%26co');
  });

  it('lists several, goes to a single one, and says when there is none', async () => {
    const people = ['Bea Birch', 'Bea Sauna', 'Cy Cedar'];
    const findOwners = (query: string): { owner: string; name: string }[] =>
      people.filter((name) => name.includes(query)).map((name) => ({ owner: name.toLowerCase(), name }));
    const site = new DashboardFixture({}, { findOwners });
    const ada = await site.logIn('ada');
    expect(await text(site, '?page=owners&q=Bea', ada)).toContain('2 owners');
    expect((await site.get('?page=owners&q=Cy', ada)).headers.get('location')).toBe('?page=owner&owner=cy+cedar');
    expect(await text(site, '?page=owners&q=Dan', ada)).toContain('No owner was found by “Dan”.');
    expect(await text(site, '?page=owners', ada)).toContain('Find an owner');
  });

  it('shows the first fifty, and asks for more of the name', async () => {
    const many = Array.from({ length: 51 }, (_, i) => ({ owner: `owner-${i}`, name: `Owner ${i}` }));
    const site = new DashboardFixture({}, { findOwners: () => many });
    const page = await text(site, '?page=owners&q=o', await site.logIn('ada'));
    expect(page).toContain('Owner 49<');
    expect(page).not.toContain('Owner 50<');
    expect(page).toContain('These are the first 50: type more of the name.');
  });
});

describe('the page of an owner', () => {
  it('pages through many sessions by a cursor', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    const visitors: Visitor[] = [];
    for (let i = 0; i < 120; i++) visitors.push(await site.logIn('bea'));
    const seen = new Set<string>();
    let query: string | undefined = '?page=owner&owner=bea';
    let pages = 0;
    while (query !== undefined) {
      const page: string = await text(site, query, ada);
      for (const [, handle] of page.matchAll(/name="handle" value="([\w-]+)"/g)) seen.add(handle!);
      query = /href="(\?[^"]*after=[^"]*)">More/.exec(page)?.[1]!.replaceAll('&amp;', '&');
      pages += 1;
    }
    expect(pages).toBe(3);
    expect([...seen].toSorted()).toEqual(visitors.map(({ handle }) => handle).toSorted());
  });

  it('says the same of an owner without sessions and of one that never was', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    expect(await text(site, '?page=owner&owner=nobody', ada)).toContain('No live sessions');
    expect(await text(site, '?page=owner&owner=', ada, 404)).toContain('There is no such page');
    expect(await text(site, '?page=owner', ada, 404)).toContain('There is no such page');
  });

  it('names the devices of its sessions as their browsers do', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    const phone =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';
    await site.logIn('bea', {}, { 'user-agent': phone });
    await site.logIn('bea', {}, { 'user-agent': 'AppleCoreMedia/1.0 (like iPhone; U; CPU OS 17_0 like Mac OS X)' });
    await site.logIn('bea', {}, { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1)' });
    const page = await text(site, '?page=owner&owner=bea', ada);
    expect(page).toMatch(/>Googlebot<.*>AppleCoreMedia on iOS<.*>Safari on iPhone</);
    expect(page.split(icon('phone').toString().replaceAll(/\s+/g, ' '))).toHaveLength(2);
  });
});

describe('the page of a login index', () => {
  it('pages through many sessions, and marks the one that looks', async () => {
    const site = new DashboardFixture();
    const index = { sid: 'abc' };
    const ada = await site.logIn('ada', { index });
    for (let i = 0; i < 50; i++) await site.logIn('bea', { index });
    const first = await text(site, '?page=index&name=sid&value=abc', ada);
    expect(first).toContain('51 live sessions');
    const [, next = ''] = /href="(\?[^"]*after=[^"]*)">More sessions/.exec(first) ?? [];
    const second = await text(site, next.replaceAll('&amp;', '&'), ada);
    expect(second).not.toContain('More sessions');
    expect((first + second).match(/This is you/g)).toHaveLength(1);
  });

  it('says that no session has it, and is no page without a name and a value', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    const page = await text(site, '?page=index&name=sid&value=abc', ada);
    expect(page).toContain('No session has this index.');
    expect(page).not.toContain('End all');
    for (const query of ['?page=index', '?page=index&name=sid', '?page=index&value=abc']) {
      expect(await text(site, query, ada, 404)).toContain('There is no such page');
    }
  });
});

describe('the page of a session', () => {
  const fields = { basket: ['birch', 'towel'], theme: 'dark' };

  it('has names and sizes of fields, and no value', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    const bea = await site.logIn('bea', { fields });
    const page = await text(site, `?page=session&session=${bea.handle}&owner=bea`, ada);
    expect(page).toContain('basket');
    expect(page).toContain('23 B');
    expect(page).not.toContain('birch');
    expect(page).not.toContain(bea.cookie.split('=')[1]!.split('.')[0]!);
  });

  it('has values where the application allows it, also encrypted ones, and says when one cannot be read', async () => {
    const store = new MemoryStore();
    const key = Buffer.alloc(32, 'a key of the tests').toString('base64');
    const site = new DashboardFixture({ store, serializer: encrypted({ key }) }, { showValues: true });
    const ada = await site.logIn('ada');
    const bea = await site.logIn('bea', { fields });
    const query = `?page=session&session=${bea.handle}&owner=bea`;
    expect(await text(site, query, ada)).toContain('&quot;birch&quot;');
    const other = Buffer.alloc(32, 'another key').toString('base64');
    const later = new DashboardFixture({ store, serializer: encrypted({ key: other }) }, { showValues: true });
    const page = await text(later, query, await later.logIn('ada'));
    expect(page).toContain('A value cannot be read');
    expect(page).toContain('basket');
  });

  it('says so when it stores nothing, when it is the own one, and how long it can last', async () => {
    const site = new DashboardFixture({ absoluteTimeout: null });
    const ada = await site.logIn('ada');
    const page = await text(site, `?page=session&session=${ada.handle}&owner=ada`, ada);
    expect(page).toContain('This is you');
    expect(page).toContain('The application has stored nothing in it.');
    expect(page).toContain('Never, while it is used');
    expect(page).not.toContain('End this session');
    expect(await text(site, '?page=session', ada, 404)).toContain('No such session');
  });

  it('has values that JSON does not know, as their serializer reads them', async () => {
    const site = new DashboardFixture({ serializer: rich() }, { showValues: true });
    const ada = await site.logIn('ada');
    const bea = await site.logIn('bea', { fields: { towels: 3 } });
    const write = withSession(site.factory, (_request, session) => {
      const values: Record<string, unknown> = session.data;
      const circle: Record<string, unknown> = {};
      circle['itself'] = circle;
      Object.assign(values, { visits: 12n, circle });
      return new Response();
    });
    await write(new Request('http://localhost', { headers: { cookie: bea.cookie } }));
    const page = await text(site, `?page=session&session=${bea.handle}&owner=bea`, ada);
    expect(page).toContain('&quot;12n&quot;');
    expect(page).toContain('[object Object]');
  });

  it('is not looked for among all sessions', async () => {
    const site = new DashboardFixture();
    const [ada, bea] = [await site.logIn('ada'), await site.logIn('bea')];
    expect(await text(site, `?page=session&session=${bea.handle}`, ada, 404)).toContain('No anonymous session');
    expect(await text(site, `?page=session&session=${bea.handle}&owner=cy`, ada, 404)).toContain('No such session');
    expect(await text(site, '?page=session&session=*&owner=bea', ada, 404)).toContain('No such session');
  });
});

describe('the overview', () => {
  it('has what all processes have counted, for a period', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    await site.logIn('nobody', { anonymous: true, fields: { basket: 1 } });
    for (const owner of ['bea', 'cy']) await site.logIn(owner);
    await site.factory.owners.revoke('cy');
    await site.get('', undefined, { cookie: 'session=nonsense' });
    const page = await text(site, '?period=day', ada);
    expect(page).toMatch(/<h2>Live sessions<\/h2> <strong>3<\/strong>/);
    expect(page).toMatch(/<h2>Logged in<\/h2> <strong>2<\/strong>/);
    expect(page).toMatch(/Logins<\/h3> <strong>3<\/strong>/);
    expect(page).toMatch(/Ends, by reason<\/h3> <strong>1<\/strong>.*revoked <strong>1<\/strong>/);
    expect(page).toMatch(/Rejected cookies, by reason<\/h3> <strong>1<\/strong>.*malformed/);
    expect(page).toContain('Closed');
    const week = await text(site, '?period=week', ada);
    expect(week).toMatch(/<a href="\?period=week" aria-current="true" >Week<\/a/);
    expect(week).toMatch(/Logins<\/h3> <strong>3<\/strong>/);
    expect(await text(site, '?period=constructor', ada)).toContain('Overview');
  });

  it('says how to turn on what is off', async () => {
    const site = new DashboardFixture({ stats: false, audit: false });
    const ada = await site.logIn('ada');
    expect(await text(site, '', ada)).toContain('createSessionFactory({ …, stats: true })');
    expect(await text(site, '?page=owner&owner=bea', ada)).toContain('createSessionFactory({ …, audit: true })');
  });

  it('says how sessions are limited, and how many of an owner there may be', async () => {
    const limits = async (options: Partial<SessionOptions>): Promise<string> => {
      const site = new DashboardFixture(options);
      const page = await text(site, '', await site.logIn('ada'));
      return page
        .slice(page.indexOf('Lifetimes and limits'))
        .replaceAll(/ ?<[^>]*> ?/g, ' ')
        .replaceAll(/ +/g, ' ');
    };
    expect(await limits({ absoluteTimeout: null })).toContain('At the latest, after no limit');
    const maxSessionsPerOwner = 3;
    expect(await limits({ maxSessionsPerOwner })).toContain('Sessions of one owner 3; one more ends the oldest');
    expect(await limits({ maxSessionsPerOwner, onSessionLimit: 'refuse' })).toContain('3; one more is refused');
  });

  it('has the last events of this process', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    const bea = await site.logIn('bea');
    await site.factory.owners.revoke('bea');
    const events = await text(site, '?page=events', ada);
    expect(events).toMatch(/destroyed.*revoked.*login.*by password/);
    expect(events).toContain(`?page=session&amp;session=${bea.handle}&amp;owner=bea`);
    site.dashboard.close();
    await site.logIn('cy');
    expect(await text(site, '?page=events', ada)).not.toContain('owner=cy');
  });
});

describe('the audit trail', () => {
  it('says who has ended sessions, by the name that the application gives', async () => {
    const site = new DashboardFixture({}, { by: async (session) => `<b>${session.owner}</b> of support` });
    const [ada] = [await site.logIn('ada'), await site.logIn('bea')];
    const _csrf = await site.token(ada);
    await site.post('?page=end-all', { _csrf, owner: 'bea' }, ada);
    const page = await text(site, '?page=owner&owner=bea', ada);
    expect(page).toMatch(/revoked.*by &lt;b&gt;ada&lt;\/b&gt; of support.*login.*by password/);
    const [entry] = await site.factory.audit.read({ owner: 'bea' });
    expect([entry?.event, entry?.by]).toEqual(['revoked', '<b>ada</b> of support']);
  });

  it('names the owner of the session that acts, unless the application says otherwise', async () => {
    const site = new DashboardFixture();
    const [ada, bea] = [await site.logIn('ada'), await site.logIn('bea', { index: { sid: 'x' } })];
    const _csrf = await site.token(ada);
    await site.post('?page=end', { _csrf, owner: 'bea', handle: bea.handle }, ada);
    await site.logIn('bea', { index: { sid: 'x' } });
    await site.post('?page=end-index', { _csrf, name: 'sid', value: 'x' }, ada);
    const entries = await site.factory.audit.read({ owner: 'bea' });
    expect(entries.map(({ event, by }) => `${event} ${by}`)).toEqual([
      'revoked ada',
      'login null',
      'revoked ada',
      'login null',
    ]);
    const silent = new DashboardFixture({}, { by: () => '' });
    const [eve] = [await silent.logIn('ada'), await silent.logIn('bea')];
    await silent.post('?page=end-all', { _csrf: await silent.token(eve), owner: 'bea' }, eve);
    expect((await silent.factory.audit.read({ owner: 'bea' }))[0]?.by).toBeNull();
  });

  it('has what is neither good nor bad', async () => {
    const site = new DashboardFixture();
    const [ada, bea] = [await site.logIn('ada'), await site.logIn('bea')];
    const logOut = withSession(site.factory, (_request, session) => {
      session.logout();
      return new Response();
    });
    await logOut(new Request('http://localhost', { headers: { cookie: bea.cookie } }));
    expect(await text(site, '?page=owner&owner=bea', ada)).toMatch(/"event plain">logout<.*"event good">login</);
  });

  it('pages through many entries by a cursor, and takes no other one', async () => {
    const site = new DashboardFixture();
    const ada = await site.logIn('ada');
    const handles: string[] = [];
    for (let i = 0; i < 60; i++) handles.push((await site.logIn('bea')).handle);
    const seen: string[] = [];
    let query: string | undefined = '?page=owner&owner=bea';
    for (let pages = 1; query !== undefined; pages++) {
      const page: string = await text(site, query, ada);
      const trail = page.slice(page.indexOf('id="audit"'));
      for (const [, handle] of trail.matchAll(/<code title="([\w-]+)"/g)) seen.push(handle!);
      query = /href="(\?[^"]*audit=[^"]*)#audit">Older/.exec(trail)?.[1]!.replaceAll('&amp;', '&');
      expect(pages).toBeLessThan(4);
    }
    expect(seen).toEqual(handles.toReversed());
    expect(await text(site, '?page=owner&owner=bea&audit=nonsense', ada)).toContain('Nothing is recorded.');
  });
});
