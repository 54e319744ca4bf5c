// What docs/from-express-session.md says of passport.
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { terminate } from '../support/child.ts';
import { Browser, documentedCode, programFolder, startProgram, type Running } from './documented.ts';
import { Jar } from '../support/visit.ts';

const PAGE = 'docs/from-express-session.md';

let folder: string;
let running: Running | undefined;
beforeAll(() => {
  folder = programFolder(['express', 'passport', 'passport-local', 'passport-oauth2']);
});
afterEach(async () => {
  if (running !== undefined) await terminate(running.child, 'SIGTERM');
  running = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nameOf = async (browser: Browser): Promise<unknown> =>
  ((await (await browser.get('/')).json()) as { name: unknown }).name;

const LOGOUT =
  'return passport.initialize()(req, res, () => req.logout((error) => res.status(500).send(error.message)));';

describe('the program with passport-local', () => {
  test('logs in with a new id, knows the user, and logs out', async () => {
    running = await startProgram(folder, await documentedCode(PAGE, 'new LocalStrategy'));
    const browser = new Browser(running.origin);
    const refused = await browser.post('/login', { username: 'alice', password: 'wrong' });
    expect([refused.status, refused.headers.get('location')]).toEqual([302, '/?failed']);
    expect(await nameOf(browser)).toBeNull();
    const before = browser.cookie;

    const login = await browser.post('/login', { username: 'alice', password: 'correct horse' });
    expect([login.status, login.headers.get('location')]).toEqual([302, '/']);
    expect(browser.cookie).not.toBe(before);
    expect(await nameOf(browser)).toBe('alice');

    const thief = new Browser(running.origin, new Jar(browser.jar));
    await browser.post('/logout');
    expect(browser.cookie).toBe('');
    expect(await nameOf(thief)).toBeNull();
  });

  test.each([
    ['a login without `session: false`', /session: false, /, '', 'session.login(owner)'],
    ['req.logout', 'req.session.logout();', LOGOUT, 'session.save'],
    ['failureMessage', /session: false, /, 'session: false, failureMessage: "No", ', "session.set('messages', ...)"],
  ])('%s fails with what to use instead', async (_, from, to, advice) => {
    const code = (await documentedCode(PAGE, 'new LocalStrategy')).replace(/session: false,\s*/, 'session: false, ');
    const changed = code.replace(from, to);
    expect(changed).not.toBe(code);
    running = await startProgram(folder, changed, { NODE_ENV: 'development' });
    const browser = new Browser(running.origin);
    const password = advice.includes('messages') ? 'wrong' : 'correct horse';
    const path = advice === 'session.save' ? '/logout' : '/login';
    const response = await browser.post(path, { username: 'alice', password });
    expect(response.status).toBe(500);
    expect((await response.text()).replaceAll('&#39;', "'")).toContain(advice);
  });
});

describe('the state store for passport-oauth2', () => {
  /** An OAuth 2.0 provider: any code is good for a token of carol's. */
  const provider = createServer((_req, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ access_token: 'token', token_type: 'bearer', user: 'carol' }));
  });
  beforeAll(async () => {
    provider.listen(0, '127.0.0.1');
    await once(provider, 'listening');
  });
  afterAll(() => provider.close());

  async function start(): Promise<Running> {
    const strategy = await documentedCode(PAGE, 'class SessionStateStore');
    const code = `${strategy}
      import express from 'express';
      import passport from 'passport';
      import { createSessionFactory } from 'websauna-session';
      import { sessions } from 'websauna-session/express';
      passport.use(strategy);
      const app = express();
      app.use(sessions(createSessionFactory({ secret: process.env.SESSION_SECRET })));
      app.get('/', (req, res) => res.json({ name: req.session.owner }));
      app.get('/login', passport.authenticate('oauth2', { session: false }));
      app.get('/callback', passport.authenticate('oauth2', { session: false }), (req, res) => {
        req.session.login(req.user.id);
        res.redirect('/');
      });
      app.listen(3000);`;
    const { port } = provider.address() as AddressInfo;
    const env = { PROVIDER: `http://127.0.0.1:${port}`, CLIENT_ID: 'me', CLIENT_SECRET: 'secret' };
    return await startProgram(folder, code, env);
  }

  test('keeps the state in the session of the one browser', async () => {
    running = await start();
    const browser = new Browser(running.origin);
    const login = await browser.get('/login');
    const state = new URL(login.headers.get('location')!).searchParams.get('state')!;
    expect(state).toMatch(/^[\w-]{32}$/);

    const stranger = new Browser(running.origin);
    expect((await stranger.get(`/callback?code=1&state=${state}`)).status).toBe(403);
    expect((await browser.get('/callback?code=1&state=another')).status).toBe(403);
    expect(await nameOf(browser)).toBeNull();

    const again = new URL((await browser.get('/login')).headers.get('location')!).searchParams.get('state')!;
    expect((await browser.get(`/callback?code=1&state=${again}`)).status).toBe(302);
    expect(await nameOf(browser)).toBe('carol');
  });
});
