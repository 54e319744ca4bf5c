import type { SessionFactory } from 'websauna-session';
import { withSession } from 'websauna-session/fetch';
import { PHONE } from './chromium.ts';

const BROWSERS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0',
  PHONE,
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36',
];
const MINUTES = 58;

/**
 * Lets an hour pass with many visitors, by real requests.
 * @param setClock puts the store's clock so many seconds back
 */
export async function simulateHour(factory: SessionFactory, setClock: (secondsAgo: number) => void): Promise<void> {
  const visit = withSession(factory, async (request, session) => {
    const [, what, owner] = new URL(request.url).pathname.split('/');
    if (what === 'log-in') session.login(owner!, { method: 'password' });
    if (what === 'log-out') session.logout();
    if (what !== 'log-out') session.set('basket', ['birch twigs', 'towel']);
    await session.save();
    return new Response();
  });
  const send = async (path: string, cookie = '', agent = 0): Promise<string> => {
    const headers = { cookie, 'user-agent': BROWSERS[agent % BROWSERS.length]! };
    const response = await visit(new Request(`http://localhost${path}`, { headers }));
    return response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  };
  for (let minute = MINUTES; minute > 0; minute--) {
    setClock(minute * 60);
    const many = 3 + Math.round(3 * Math.sin(minute / 7) + ((minute * 13) % 5));
    for (let i = 0; i < many; i++) {
      const owner = `visitor-${minute}-${i}`;
      const cookie = await send(`/log-in/${owner}`, '', minute + i);
      if ((minute + i) % 3 === 0) await send('/log-out', cookie);
      if ((minute + i) % 7 === 0) await factory.owners.revoke(owner);
    }
    if (minute % 4 === 0) await send('/', 'session=not-one-of-ours');
    if (minute % 9 === 0) await send('/', 's'.concat('ession=', 'A'.repeat(43), '.', 'B'.repeat(27)));
    if (minute === 50 || minute === 21) await send('/log-in/u-3', '', minute);
    if (minute === 33) await factory.owners.revoke('u-3', { by: 'Ada Admin' });
    // Reports what this minute has had.
    await factory.stats();
  }
  setClock(20);
  await send('/log-in/u-3', '', 1);
  await factory.stats();
  setClock(0);
}
