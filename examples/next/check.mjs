// Checks the example as it runs in production, in a browser: `node check.mjs` after `npm ci` and `npm run build`, or
// `checkExample()` for another program.
//
//   SCREENSHOT_DIR=<folder>   also takes a screenshot of every step
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { programs } from '../../scripts/programs.mjs';

const folder = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const shots = process.env.SCREENSHOT_DIR;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a program until `stop()`, and waits until `isUp()` resolves to true. */
async function start(command, args, options, isUp) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const ended = once(child, 'exit');
  const deadline = Date.now() + 120_000;
  while (!(await isUp().catch(() => false))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${command} did not start:\n${output}`);
    await delay(100);
  }
  return {
    output: () => output,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

export async function startRedis() {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'example-redis-'));
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir];
  const command = async (...words) => {
    const { createClient } = await import('redis');
    const client = createClient({ url: `redis://127.0.0.1:${port}` }).on('error', () => {});
    await client.connect();
    const reply = await client.sendCommand(words);
    client.destroy();
    return reply;
  };
  const isUp = async () => (await command('PING')) === 'PONG';
  const server = await start(programs.redisServer(), flags, {}, isUp);
  return {
    url: `redis://127.0.0.1:${port}`,
    /** The connections of others. */
    connections: async () => (await command('CLIENT', 'LIST', 'TYPE', 'normal')).trim().split('\n').length - 1,
    async stop() {
      await server.stop();
      rmSync(dir, { recursive: true });
    },
  };
}

/** Starts `next start`, or `next dev`. */
export async function startExample(mode, env = {}) {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const next = join(folder, 'node_modules/next/dist/bin/next');
  const variables = { SESSION_SECRET: randomBytes(32).toString('hex'), NEXT_TELEMETRY_DISABLED: '1', ...env };
  const { NODE_ENV: _, ...inherited } = process.env;
  const options = { cwd: folder, env: { ...inherited, ...variables } };
  const isUp = async () => (await fetch(`${origin}/about`)).ok;
  return { origin, ...(await start(process.execPath, [next, mode, '-p', String(port)], options, isUp)) };
}

export async function launchBrowser() {
  return await chromium.launch({
    executablePath: programs.chromium(),
    chromiumSandbox: false,
    args: ['--disable-gpu'],
    // The Back button must find what it finds in a browser that people use.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
}

/** One person's browser. */
export class Visitor {
  constructor(origin, context, page, name) {
    Object.assign(this, { origin, context, page, name, shot: 0 });
  }

  static async arrive(browser, origin, name, options = {}) {
    const context = await browser.newContext({ baseURL: origin, viewport: { width: 900, height: 620 }, ...options });
    context.setDefaultTimeout(90_000);
    return new Visitor(origin, context, await context.newPage(), name);
  }

  async look(title) {
    if (shots === undefined) return;
    await this.page.screenshot({ path: join(shots, `next-${this.name}-${++this.shot}-${title}.png`) });
  }

  async logIn(user, password = 'sauna') {
    await this.page.goto('/login');
    await this.page.getByLabel('Name').fill(user);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Log in' }).click();
  }

  /** Waits for a text, so that what is read afterwards is what the page has become. */
  async sees(text) {
    await this.page.getByText(text).first().waitFor();
  }

  async messages() {
    return await this.page.getByRole('status').allTextContents();
  }

  async visits() {
    return Number((await this.page.getByText(/^Visits: /).textContent()).slice('Visits: '.length));
  }

  async cookie() {
    const cookies = await this.context.cookies();
    return cookies.find(({ name }) => name === 'session');
  }
}

/** Asks with a cookie, as a thief who has copied it. */
async function ownerOf(origin, { name, value }) {
  const response = await fetch(`${origin}/me`, { headers: { cookie: `${name}=${value}` } });
  return (await response.json()).owner;
}

async function checkVisits({ origin }, browser, name) {
  const visitor = await Visitor.arrive(browser, origin, `${name}-visits`);
  const first = await visitor.page.goto('/');
  // One session goes through the proxy, which begins it, and the page.
  assert.equal(await visitor.visits(), 1);
  assert.match((await first.allHeaders())['cache-control'], /private.*no-store/);
  await visitor.page.goto('/');
  assert.equal(await visitor.visits(), 2);
  const me = await (await visitor.context.request.get('/me')).json();
  assert.deepEqual(me, { owner: null, visits: 2 });
  await visitor.context.close();

  const about = await fetch(`${origin}/about`);
  assert.equal(about.headers.get('set-cookie'), null);
  // A page that is made at build time, which the proxy's cookie must not leave to shared caches.
  const login = await fetch(`${origin}/login`);
  assert.equal(login.headers.getSetCookie().length, 1);
  assert.match(login.headers.get('cache-control'), /private/);
}

async function checkLogin({ origin }, browser, name, options = {}) {
  const visitor = await Visitor.arrive(browser, origin, name, options);
  await visitor.page.goto('/');
  const before = await visitor.cookie();

  await visitor.logIn('alice', 'wrong');
  await visitor.sees('do not fit together');
  await visitor.look('refused');
  await visitor.logIn('alice');
  await visitor.sees('Hello alice');
  assert.deepEqual(await visitor.messages(), ['Welcome, alice']);
  await visitor.look('logged-in');
  const during = await visitor.cookie();
  assert.notEqual(during.value, before.value);
  assert.equal(during.httpOnly, true);
  assert.equal(during.sameSite, 'Lax');
  assert.equal(await ownerOf(origin, before), null);
  assert.equal(await ownerOf(origin, during), 'alice');

  await visitor.page.reload();
  await visitor.sees('Hello alice');
  assert.deepEqual(await visitor.messages(), []);
  assert.ok((await visitor.visits()) >= 3, 'the visits of before the login are kept');

  await checkDevices(visitor, browser, options);

  await visitor.page.goto('/devices');
  await visitor.sees('Devices of alice');
  await visitor.page.getByRole('link', { name: 'Home' }).click();
  await visitor.page.getByRole('button', { name: 'Log out' }).click();
  await visitor.sees('Hello stranger');
  assert.deepEqual(await visitor.messages(), ['You have logged out']);
  await visitor.look('logged-out');
  assert.equal(await ownerOf(origin, during), null);
  for (let step = 1; step <= 3; step++) {
    await visitor.page.goBack();
    await visitor.page.waitForLoadState('networkidle');
    const text = await visitor.page.locator('body').innerText();
    assert.doesNotMatch(text, /alice/, `Back, ${step} times, shows ${visitor.page.url()}`);
    await visitor.look(`back-${step}`);
  }
  await visitor.context.close();
}

/** Logs a second device in, and out again from the first. */
async function checkDevices(visitor, browser, options) {
  const other = await Visitor.arrive(browser, visitor.origin, `${visitor.name}-other`, {
    ...options,
    userAgent: 'Another device',
  });
  await other.logIn('alice');
  await other.sees('Hello alice');
  await visitor.page.goto('/devices');
  await visitor.sees('Another device');
  await visitor.look('devices');
  await visitor.page.getByRole('listitem').filter({ hasText: 'Another device' }).getByRole('button').click();
  // No redirect: the page is rendered after the action, in the same request.
  await visitor.sees('The device is logged out');
  assert.equal(await visitor.page.getByText('Another device').count(), 0);
  await other.page.goto('/devices');
  await other.sees('Password');
  await other.context.close();
}

/** Replaces text in a source, so that it is compiled again; returns a function that takes it back. */
function edit(file, from, to) {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes(from), `${file} has ${from}`);
  writeFileSync(path, text.replaceAll(from, to));
  return () => writeFileSync(path, text);
}

/** In development, a change of the module that makes the factory ends no session and leaves no connection behind. */
async function checkHotReload({ origin }, browser, name, countConnections) {
  const visitor = await Visitor.arrive(browser, origin, name);
  await visitor.logIn('alice');
  await visitor.sees('Hello alice');
  await visitor.page.goto('/devices');
  await visitor.sees('this device');
  await ownerOf(origin, await visitor.cookie());
  const before = await countConnections();
  for (let round = 1; round <= 3; round++) {
    const undo = [
      edit('lib/session.ts', 'visits: number;', `visits: number;\n  round${round}?: number;`),
      edit('components/visits.tsx', 'Visits:', `Visits in round ${round}:`),
    ];
    try {
      await visitor.page.goto('/');
      await visitor.sees(`Visits in round ${round}:`);
      await visitor.sees('Hello alice');
      assert.equal(await ownerOf(origin, await visitor.cookie()), 'alice');
    } finally {
      for (const each of undo) each();
    }
  }
  await visitor.look('reloaded');
  assert.equal(await countConnections(), before);
  await visitor.context.close();
}

async function withExample(mode, env, work) {
  const example = await startExample(mode, env);
  try {
    await work(example);
  } catch (error) {
    error.message += `\nThe server said:\n${example.output()}`;
    throw error;
  } finally {
    await example.stop();
  }
}

/** @param log is called with what has passed */
export async function checkExample(log = () => {}) {
  const browser = await launchBrowser();
  const redis = await startRedis();
  try {
    for (const [store, env] of Object.entries({ memory: {}, redis: { REDIS_URL: redis.url } })) {
      await withExample('start', env, async (example) => {
        await checkVisits(example, browser, store);
        await checkLogin(example, browser, store);
        await checkLogin(example, browser, `${store}-without-scripts`, { javaScriptEnabled: false });
        assert.doesNotMatch(example.output(), /error/i);
      });
      log(`examples/next in production, ${store}: as it should be`);
      await withExample('dev', env, async (example) => {
        await checkHotReload(example, browser, `${store}-development`, () => redis.connections());
      });
      log(`examples/next in development, ${store}: as it should be`);
    }
  } finally {
    await browser.close();
    await redis.stop();
  }
}

if (process.argv[1] === join(folder, 'check.mjs')) await checkExample(console.log);
