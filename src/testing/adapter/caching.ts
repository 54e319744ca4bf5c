import assert from 'node:assert/strict';
import type { AdapterCheck, LateHeaders, RouteHandler } from './check.ts';
import { appCheck, reads, writes } from './fixtures.ts';

/** What applications and their middleware say when a response may be stored, to caches of every kind. */
export const STORABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Cache-Control: public': { 'cache-control': 'public, max-age=600' },
  'Cache-Control: s-maxage': { 'cache-control': 's-maxage=600' },
  'Cache-Control: private="x-theirs"': { 'cache-control': 'private="x-theirs", max-age=600' },
  'Cache-Control and a Vary of its own': { 'cache-control': 'public, max-age=600', vary: 'Accept-Encoding' },
  'CDN-Cache-Control': { 'cdn-cache-control': 'max-age=600' },
  'Surrogate-Control': { 'surrogate-control': 'max-age=600' },
  'X-Accel-Expires': { 'x-accel-expires': '600' },
  'X-LiteSpeed-Cache-Control': { 'x-litespeed-cache-control': 'public,max-age=600' },
};

export const POSITIONS: readonly LateHeaders['position'][] = ['in front', 'behind'];

export const rotates: RouteHandler = (session) => {
  session.rotate();
  return { body: JSON.stringify(session.get('written', 0)) };
};

/** Two visitors behind one shared cache, and middleware that lets it store what it can. */
export const CACHING: readonly AdapterCheck[] = Object.entries(STORABLE).flatMap(([name, headers]) =>
  POSITIONS.map((position) =>
    appCheck(
      `C9: late ${name} from middleware ${position}: no visitor gets another's cookie`,
      {
        routes: {
          '/add': writes(),
          '/rotate': rotates,
          '/mine': reads({ headers: { 'cache-control': 'no-store' } }),
        },
        lateHeaders: { headers, position },
      },
      async (app) => {
        const [first, second] = [app.cachedBrowser(), app.cachedBrowser()];
        await first.visit('/add');
        await second.visit('/add');
        const cookie = first.cookies.get('session');
        if (cookie !== undefined) assert.notEqual(second.cookies.get('session'), cookie);
        await second.visit('/rotate');
        await first.visit('/rotate');
        await first.visit('/add');
        const cookies = [first, second].map((browser) => browser.cookies.get('session'));
        if (cookies[0] !== undefined) assert.notEqual(cookies[0], cookies[1]);
        assert.notEqual((await second.visit('/mine')).body, '2', "the second visitor sees the first one's session");
      },
    ),
  ),
);
