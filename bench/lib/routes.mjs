// The workloads, the same for every framework and kind of session. Each handler gets the session as
// { get(key), set(key, value), login(owner) }, any of which may return a promise, and answers with a text.

/** About 460 bytes as JSON, the size of an ordinary session. */
export function ordinarySession() {
  return {
    views: 1,
    user: { name: 'Ada Lovelace', email: 'ada@example.com', roles: ['editor', 'admin'], locale: 'en-GB' },
    theme: 'dark',
    cart: Array.from({ length: 4 }, (_, i) => ({ sku: `sku-${1000 + i}`, quantity: i + 1, price: 19.95 })),
    last: { path: '/products/analytical-engine', at: 1700000000000 },
    flags: { beta: true, tour: false, newsletter: true },
  };
}

/** A session of `fields` fields with `bytes` bytes in all. */
export function largeSession(bytes, fields) {
  const each = Math.floor(bytes / fields);
  return Object.fromEntries(
    Array.from({ length: fields }, (_, i) => [`field${i}`, { text: 'x'.repeat(each - 16), i }]),
  );
}

const SEEDS = {
  ordinary: ordinarySession,
  16: () => ({ views: 1, ...largeSession(16 * 1024, 16) }),
  64: () => ({ views: 1, ...largeSession(64 * 1024, 64) }),
};

export const ROUTES = {
  '/anonymous': () => 'hello',
  '/style.css': () => 'body { color: black }',
  '/read': async (session) => `views ${await session.get('views')}`,
  '/change': async (session) => {
    const views = Number((await session.get('views')) ?? 0) + 1;
    await session.set('views', views);
    return `views ${views}`;
  },
  '/mark': async (session, url) => {
    await session.set(`mark${url.slice(url.indexOf('?') + 1)}`, 1);
    return 'marked';
  },
  '/marks': async (session) => {
    let marks = 0;
    for (let i = 0; i < 32; i++) if ((await session.get(`mark${i}`)) !== undefined) marks++;
    return String(marks);
  },
  '/login': async (session) => {
    await session.login('user-1');
    return 'welcome';
  },
};

for (const [name, make] of Object.entries(SEEDS)) {
  ROUTES[`/seed-${name}`] = async (session) => {
    for (const [key, value] of Object.entries(make())) await session.set(key, value);
    return 'seeded';
  };
}

ROUTES['/seed-owned'] = async (session, url) => {
  await ROUTES['/seed-ordinary'](session, url);
  await session.login('user-1');
  return 'seeded';
};

export function routeOf(path) {
  const route = ROUTES[path];
  if (route === undefined) throw new Error(`There is no route ${path}`);
  return route;
}
