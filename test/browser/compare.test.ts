import { readFileSync } from 'node:fs';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CommandWatch } from '../support/command-watch.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { closeWindows, openBrowser } from './chromium.ts';
import { DemoSite } from './demo-site.ts';
import { Visitor } from './visitor.ts';

let browser: Browser;
let redis: RedisServer;
let sites: { readonly memory: DemoSite; readonly Redis: DemoSite };

beforeAll(async () => {
  [browser, redis] = await Promise.all([openBrowser(), startRedis()]);
  sites = { memory: await DemoSite.start(), Redis: await DemoSite.start(redis.url) };
});
afterEach(closeWindows);
afterAll(async () => {
  await Promise.all([sites?.memory.stop(), sites?.Redis.stop()]);
  await redis?.stop();
});

const STORES = ['memory', 'Redis'] as const;
const WITHOUT_SCRIPT: BrowserContextOptions = { javaScriptEnabled: false };

/** What the page shows about one of the two. */
async function resultOf(
  { page }: Visitor,
  name: 'express-session' | 'websauna-session',
): Promise<Record<string, string>> {
  const result = page.locator(`[data-contestant=${name}]`);
  const values = await result.locator('dd').allInnerTexts();
  const terms = await result.locator('dt').allInnerTexts();
  const facts = Object.fromEntries(terms.map((term, index) => [term, values[index]!]));
  return { score: await result.locator('.score').innerText(), ...facts };
}

async function race(visitor: Visitor): Promise<void> {
  await visitor.page.getByRole('button', { name: /^(?:Start the race|Race again)$/ }).click();
  await visitor.page.getByRole('heading', { name: 'The result' }).waitFor();
}

describe.each(STORES)('the race, over %s', (store) => {
  it.each([
    ['with JavaScript', {}],
    ['without JavaScript', WITHOUT_SCRIPT],
  ])('keeps all changes here and one on express-session, %s', async (_title, options) => {
    const ada = await Visitor.arrive(sites[store], browser, options);
    await ada.open('/compare');
    await race(ada);
    const peer = await resultOf(ada, 'express-session');
    const own = await resultOf(ada, 'websauna-session');
    expect(peer['score']).toBe('1 of 40 kept');
    expect(own).toMatchObject({ score: '40 of 40 kept', Lost: 'None' });
    // The one that is kept stands in the gap.
    expect(peer['Lost']).toMatch(/^(?:1–39|2–40|(?:1|1–\d+), (?:40|\d+–40))$/);
    expect(await ada.page.locator('[data-contestant=express-session] .lost').count()).toBe(39);
    expect(await ada.page.locator('[data-contestant=websauna-session] .kept').count()).toBe(40);
    expect(Number.parseInt(own['Duration']!, 10)).toBeGreaterThan(0);
    expect(new URL(ada.page.url()).pathname).toBe('/compare');
  });

  it('loses nothing here when chance decides which requests overlap', async () => {
    const bea = await Visitor.arrive(sites[store], browser);
    await bea.open('/compare');
    await bea.page.getByRole('checkbox').uncheck();
    await race(bea);
    expect(await resultOf(bea, 'websauna-session')).toMatchObject({ score: '40 of 40 kept', Lost: 'None' });
    expect(await bea.page.getByRole('checkbox').isChecked()).toBe(false);
  });
});

describe('the counted commands', () => {
  it('are the calls of the memory stores', async () => {
    const ada = await Visitor.arrive(sites.memory, browser);
    await ada.open('/compare');
    await race(ada);
    expect((await resultOf(ada, 'express-session'))['Store calls']).toBe('80 (40 get, 40 set)');
    expect((await resultOf(ada, 'websauna-session'))['Store calls']).toBe('80 (40 load, 40 save)');
  });

  it('are among those that the Redis server receives', async () => {
    const bea = await Visitor.arrive(sites.Redis, browser);
    await bea.open('/compare');
    // Now the server knows the scripts.
    await race(bea);
    const watch = await CommandWatch.start(redis);
    const again = bea.page.waitForResponse((response) => response.request().method() === 'POST');
    await race(bea);
    await (await again).finished();
    const received = await watch.take();
    watch.stop();
    expect((await resultOf(bea, 'express-session'))['Redis commands']).toBe('80 (40 GET, 40 SET)');
    expect((await resultOf(bea, 'websauna-session'))['Redis commands']).toBe('80 (40 HGETALL, 40 EVALSHA)');
    const countOf = (name: string): number => received.filter((command) => command === name).length;
    // Besides the forty: the login, a round before, the reading at the end and the logout.
    expect([countOf('get'), countOf('set')]).toEqual([82, 81]);
    expect([countOf('hgetall'), countOf('evalsha')]).toEqual([82, 82]);
  });
});

describe('the shown code', () => {
  it('is that of the files which run', async () => {
    const cy = await Visitor.arrive(sites.memory, browser);
    await cy.open('/compare');
    for (const name of ['express-session', 'websauna-session']) {
      const file = `demo/apps/${name}.js`;
      const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
      expect(await cy.page.getByRole('region', { name: file }).innerText()).toBe(text.trimEnd());
    }
  });
});

describe.each(STORES)('a logout during a request, over %s', (store) => {
  it.each([
    ['with JavaScript', {}],
    ['without JavaScript', WITHOUT_SCRIPT],
  ])('stays one here, and is undone on express-session, %s', async (_title, options) => {
    const dan = await Visitor.arrive(sites[store], browser, options);
    await dan.open('/compare/logout');
    const seen = dan.page.locator('.steps dd');

    await dan.page.getByRole('button', { name: 'Start a slow request' }).click();
    await dan.page.getByRole('button', { name: 'Log Ada out' }).waitFor();
    expect(await seen.allInnerTexts()).toEqual(['Logged in as Ada', 'Logged in as Ada']);

    await dan.page.getByRole('button', { name: 'Log Ada out' }).click();
    await dan.page.getByRole('button', { name: 'Let the slow request finish' }).waitFor();
    expect((await seen.allInnerTexts()).slice(2)).toEqual(['Logged out', 'Logged out']);

    await dan.page.getByRole('button', { name: 'Let the slow request finish' }).click();
    await dan.page.getByRole('heading', { name: 'The result' }).waitFor();
    expect((await seen.allInnerTexts()).slice(4)).toEqual(['Logged in as Ada', 'Logged out']);
    expect((await resultOf(dan, 'express-session'))['score']).toBe('Ada is logged in again');
    expect((await resultOf(dan, 'websauna-session'))['score']).toBe('Still logged out');
    if (options !== WITHOUT_SCRIPT) expect(await dan.page.locator(':focus').innerText()).toBe('The result');
    expect(await dan.page.getByText('Reported to the application: discarded (gone)').isVisible()).toBe(true);

    await dan.page.getByRole('button', { name: 'Start again' }).click();
    await dan.page.getByRole('button', { name: 'Log Ada out' }).waitFor();
    expect(await seen.count()).toBe(2);
  });
});

describe('with JavaScript', () => {
  it('the result comes without a new page, and has the focus', async () => {
    const eve = await Visitor.arrive(sites.memory, browser);
    await eve.open('/compare');
    await eve.page.evaluate('window.stayed = true');
    await race(eve);
    expect(await eve.page.evaluate('window.stayed')).toBe(true);
    expect(await eve.page.locator(':focus').innerText()).toBe('The result');
    await eve.page.reload();
    expect((await resultOf(eve, 'websauna-session'))['score']).toBe('40 of 40 kept');
  });

  it('a refused form shows why', async () => {
    const fay = await Visitor.arrive(sites.memory, browser);
    await fay.open('/compare');
    await fay.page.locator('#race [name=_csrf]').evaluate((input) => input.remove());
    await fay.page.getByRole('button', { name: 'Start the race' }).click();
    await fay.page.getByText('This form was not accepted').waitFor();
  });
});

describe('the compared applications', () => {
  it.each(['express-session', 'websauna-session'])('%s answers to no one else', async (name) => {
    const path = `/contestants/${name}`;
    expect((await sites.memory.fetch(`${path}/`)).status).toBe(404);
    expect((await sites.memory.fetch(`${path}/`, { headers: { 'x-arena-key': 'guessed' } })).status).toBe(404);
    expect((await sites.memory.fetch(`${path}/log-in`, { form: {} })).status).toBe(403);
  });

  it('run no race for a form without its token', async () => {
    const answer = await sites.memory.fetch('/compare', { form: { overlapping: 'yes' } });
    expect(answer.status).toBe(403);
  });
});
