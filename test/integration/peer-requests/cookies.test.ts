// What users of other libraries have asked of the cookie and the lifetimes: docs/comparison.md lists it.
import { expect, test } from 'vitest';
import { addLogin, Clock, DAY, HOUR, make, maxAgeOf, serve, Visitor } from './site.ts';

// https://github.com/alexedwards/scs/issues/71
// https://github.com/alexedwards/scs/issues/73
// https://github.com/better-auth/better-auth/pull/7995
test('a box at the login decides for this session alone whether it survives the browser, and for how long', async () => {
  const clock = new Clock();
  const factory = make(clock, { timeout: HOUR, absoluteTimeout: 12 * HOUR, cookie: { maxAge: HOUR } });
  await serve(
    factory,
    (app) => {
      app.get('/login/:owner', (req, res) => {
        const remembered = { remember: true, timeout: 30 * DAY, absoluteTimeout: 90 * DAY };
        req.session.login(req.params.owner, req.query['remember'] === 'on' ? remembered : { remember: false });
        res.end();
      });
    },
    async (origin) => {
      const [ticked, unticked] = [new Visitor(origin, clock), new Visitor(origin, clock)];
      const remembered = await ticked.visit('/login/ada?remember=on');
      const forgotten = await unticked.visit('/login/eve');
      expect([maxAgeOf(remembered.cookies[0]!), maxAgeOf(forgotten.cookies[0]!)]).toEqual([30 * DAY, null]);

      clock.pass(HOUR / 2);
      // Renewing the session does not make the cookie of the second one last.
      expect([await ticked.read('/me'), await unticked.read('/me')]).toEqual(['ada', 'eve']);
      expect(unticked.cookies.get('session')!.expiresAt).toBe(null);
      clock.pass(HOUR + 1);
      expect([await ticked.read('/me'), await unticked.read('/me')]).toEqual(['ada', 'nobody']);

      await unticked.visit('/login/eve');
      for (const browser of [ticked, unticked]) browser.restart();
      clock.pass(29 * DAY);
      expect([await ticked.read('/me'), await unticked.read('/me')]).toEqual(['ada', 'nobody']);
      clock.pass(30 * DAY);
      expect(await ticked.read('/me')).toBe('nobody');
    },
  );
});

// https://github.com/alexedwards/scs/issues/235
test('a login sets the limits of its session, idle and absolute, by the role of its user', async () => {
  const clock = new Clock();
  await serve(
    make(clock, { timeout: HOUR, absoluteTimeout: DAY }),
    (app) => {
      app.get('/login/:owner', (req, res) => {
        const { owner } = req.params;
        req.session.login(owner, owner === 'admin' ? { timeout: 900, absoluteTimeout: 2 * HOUR } : {});
        res.end();
      });
    },
    async (origin) => {
      const [admin, user] = [new Visitor(origin, clock), new Visitor(origin, clock)];
      const both = async (): Promise<string[]> => [await admin.read('/me'), await user.read('/me')];
      await admin.visit('/login/admin');
      await user.visit('/login/user');
      clock.pass(899);
      expect(await both()).toEqual(['admin', 'user']);
      clock.pass(901);
      expect(await both()).toEqual(['nobody', 'user']);

      await admin.visit('/login/admin');
      for (let passed = 0; passed < 2 * HOUR - 600; passed += 600) {
        clock.pass(600);
        expect(await both()).toEqual(['admin', 'user']);
      }
      clock.pass(600);
      expect(await both()).toEqual(['nobody', 'user']);
    },
  );
});

// https://github.com/better-auth/better-auth/issues/7994
test('activity extends cookie and record together, so that both end in the same second', async () => {
  const clock = new Clock();
  const factory = make(clock, { timeout: 600, cookie: { maxAge: 600 } });
  await serve(factory, addLogin, async (origin) => {
    const visitor = new Visitor(origin, clock);
    await visitor.visit('/login/ada');
    for (let i = 0; i < 90; i++) {
      clock.pass(40);
      expect(await visitor.read('/me')).toBe('ada');
      const [stored] = await factory.owners.list('ada');
      const ends = stored!.lastSeenAt.getTime() + stored!.timeout * 1000;
      expect(visitor.cookies.get('session')!.expiresAt).toBe(ends);
      // Neither is renewed with each request.
      expect(ends - clock.now).toBeGreaterThan(500_000);
    }
    clock.now = visitor.cookies.get('session')!.expiresAt! - 1;
    expect(await factory.owners.list('ada')).toHaveLength(1);
    clock.now += 1;
    expect(await factory.owners.list('ada')).toHaveLength(0);
    await visitor.visit('/me');
    expect(visitor.cookies.size).toBe(0);
  });
});

// https://github.com/expressjs/session/pull/1027
// https://github.com/expressjs/session/pull/1087
test('the attributes of the cookie follow the request: `SameSite=None` over HTTPS, and a domain for each tenant', async () => {
  const clock = new Clock();
  const factory = make(clock, {
    cookie: ({ secure, header }) => ({
      name: 'session',
      domain: header('host')?.endsWith('.example.com') ? 'example.com' : null,
      ...(secure && ({ secure, sameSite: 'none' } as const)),
    }),
  });
  await serve(
    factory,
    (app) => {
      app.get('/', (req, res) => {
        req.session.set('seen', true);
        res.end();
      });
    },
    async (origin) => {
      const attributesOf = async (headers: Record<string, string>): Promise<string[]> => {
        const { cookies } = await new Visitor(origin, clock).visit('/', { headers });
        return cookies[0]!.split('; ').slice(1).toSorted();
      };
      expect(await attributesOf({})).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax']);
      const https = { 'x-forwarded-proto': 'https' };
      expect(await attributesOf(https)).toEqual(['HttpOnly', 'Path=/', 'SameSite=None', 'Secure']);
      const tenant = await attributesOf({ ...https, host: 'shop.example.com' });
      expect(tenant).toEqual(['Domain=example.com', 'HttpOnly', 'Path=/', 'SameSite=None', 'Secure']);
    },
  );
});

// https://github.com/expressjs/session/issues/1077
test('attributes that a deployment changes reach live sessions with their next response, once', async () => {
  const clock = new Clock();
  const visitor = new Visitor('', clock);
  const before = make(clock, { cookie: { sameSite: 'lax' } });
  await serve(before, addLogin, async (origin) => {
    visitor.origin = origin;
    await visitor.visit('/login/ada');
  });
  const { value } = visitor.cookies.get('session')!;
  const after = make(clock, { cookie: { sameSite: 'strict', maxAge: 900 } });
  await serve(after, addLogin, async (origin) => {
    visitor.origin = origin;
    const { text, cookies } = await visitor.visit('/me');
    expect(text).toBe('ada');
    expect(cookies).toEqual([`session=${value}; Max-Age=900; Path=/; HttpOnly; SameSite=Strict`]);
    expect((await visitor.visit('/me')).cookies).toEqual([]);
  });
});

// https://github.com/privacycg/CHIPS/issues/78
test.each([true, false])(
  'a cookie becomes `Partitioned`, and plain again, without a logout; in a browser that knows it: %s',
  async (knowsPartitions) => {
    const clock = new Clock();
    const visitor = new Visitor('', clock, { knowsPartitions });
    const cookie = { name: 'session', secure: true, sameSite: 'none' } as const;
    const plain = make(clock, { cookie });
    const partitioned = make(clock, { cookie: { ...cookie, partitioned: true } });
    await serve(plain, addLogin, async (origin) => {
      visitor.origin = origin;
      await visitor.visit('/login/ada');
    });
    for (const [deployed, kept] of [
      [partitioned, 'session (partitioned)'],
      [plain, 'session'],
      [partitioned, 'session (partitioned)'],
    ] as const) {
      await serve(deployed, addLogin, async (origin) => {
        visitor.origin = origin;
        for (let i = 0; i < 3; i++) expect(await visitor.read('/me')).toBe('ada');
        // The one of before is gone, so that no response can bring the two out of step.
        expect([...visitor.cookies.keys()]).toEqual([knowsPartitions ? kept : 'session']);
      });
    }
    await serve(partitioned, addLogin, async (origin) => {
      visitor.origin = origin;
      await visitor.visit('/logout');
      expect([...visitor.cookies.keys()]).toEqual([]);
    });
  },
);

// https://github.com/auth0/nextjs-auth0/pull/2377
test.each([{ 'next-router-prefetch': '1' }, { 'sec-purpose': 'prefetch' }])(
  'links that are fetched ahead pile up no cookies, and cause no login or logout: %o',
  async (headers) => {
    const clock = new Clock();
    await serve(
      make(clock),
      (app) => {
        app.get('/login', (req, res) => {
          req.session.login('ada');
          req.session.flash('Welcome');
          res.end();
        });
        app.get('/page/:n', (req, res) => {
          if (req.session.owner !== null) return res.send(req.session.popFlash().join());
          req.session.set('returnTo', req.url);
          return res.redirect('/login');
        });
      },
      async (origin) => {
        const visitor = new Visitor(origin, clock);
        const ahead = (path: string): Promise<{ status: number }> => visitor.visit(path, { headers });
        const pages = await Promise.all([1, 2, 3].map((n) => ahead(`/page/${n}`)));
        expect(pages.map(({ status }) => status)).toEqual([302, 302, 302]);
        expect([...visitor.cookies.keys()]).toEqual(['session']);
        expect((await ahead('/login')).status).toBe(503);
        expect(await visitor.read('/me')).toBe('nobody');

        await visitor.visit('/login');
        expect((await ahead('/logout')).status).toBe(503);
        await ahead('/page/1');
        expect(await visitor.read('/me')).toBe('ada');
        expect(await visitor.read('/page/1')).toBe('Welcome');
      },
    );
  },
);

// https://github.com/team-alembic/ash_authentication_phoenix/issues/669
// https://github.com/instantdb/instant/issues/2892
test('an identity provider that posts its answer from its own site does not replace the session that began the login', async () => {
  const clock = new Clock();
  await serve(
    make(clock),
    (app) => {
      app.get('/start', (req, res) => {
        req.session.set('state', 'xyz');
        res.end();
      });
      // Without the session it answers with a page that posts the same form again, from this site.
      app.post('/callback', (req, res) => {
        const state = req.session.pop('state');
        if (state === undefined) req.session.set('error', 'no state');
        else req.session.login('ada');
        res.send(state === undefined ? 'again' : 'done');
      });
    },
    async (origin) => {
      const visitor = new Visitor(origin, clock);
      await visitor.visit('/start');
      const begun = visitor.cookies.get('session');
      // `SameSite=Lax` keeps the cookie from it.
      const form = { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } };
      const stranger = new Visitor(origin, clock);
      const posted = await stranger.visit('/callback', form);
      expect([posted.text, posted.cookies]).toEqual(['again', []]);
      expect(clock.store.size).toBe(1);
      expect(visitor.cookies.get('session')).toEqual(begun);
      const again = await visitor.visit('/callback', { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } });
      expect(again.text).toBe('done');
      expect(await visitor.read('/me')).toBe('ada');
    },
  );
});
