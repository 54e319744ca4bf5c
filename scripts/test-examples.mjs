// Runs the examples as their readers would: packs what is built, installs it with the locked packages of each example,
// checks its types, builds it, starts it in every way that its package.json knows, and plays the playbook with sessions in
// memory and in Redis. One line for each, and what failed:
//
//   sveltekit start, memory: 10 of 10
//
//   node scripts/test-examples.mjs                      all examples
//   node scripts/test-examples.mjs sveltekit elysia     these
//   node scripts/test-examples.mjs --quick              those that need no bundler
//   node scripts/test-examples.mjs nest @nestjs/core@11 @nestjs/common@11
//                                                       with other versions of packages
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from 'redis';
import { play } from '../examples/playbook.mjs';
import { collecting, pack } from './package-trial.mjs';
import { programs } from './programs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const examples = join(root, 'examples');
const HOST = '127.0.0.1';
const SECRET = 'a secret of the examples, which nobody else uses';
/** What an example with an older Node in its `engines` runs on, if that is not this one. */
const NEWER_NODE = '24';

const readManifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const all = readdirSync(examples).filter((name) => existsSync(join(examples, name, 'package-lock.json')));
const isQuick = (name) => readManifest(join(examples, name)).config?.quick === true;
const playable = all.filter((name) => readManifest(join(examples, name)).config?.playbook !== false);

const isPackage = (arg) => arg.lastIndexOf('@') > 0;

function chosenExamples(args) {
  const names = args.filter((arg) => !arg.startsWith('--') && !isPackage(arg));
  const unknown = names.filter((name) => !playable.includes(name));
  if (unknown.length > 0) throw new Error(`No such example: ${unknown.join(', ')}. There are ${playable.join(', ')}.`);
  if (names.length > 0) return names;
  return args.includes('--quick') ? playable.filter(isQuick) : playable;
}

/** The folder of a Node that an example can run on, to be put in front of the others. */
function nodeFolder(engines, run) {
  const [major = 0, minor = 0] =
    /\d+(?:\.\d+)?/
      .exec(engines?.node ?? '')?.[0]
      .split('.')
      .map(Number) ?? [];
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return dirname(process.execPath);
  const args = ['exec', '--yes', `--package=node@${NEWER_NODE}`, '--', 'node', '-p', 'process.execPath'];
  const path = run(`npm exec node@${NEWER_NODE}`, 'npm', args, tmpdir())?.trim();
  return path === undefined ? undefined : dirname(path);
}

async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a program until `stop()`, and waits until `isUp()` resolves to true. */
async function start(command, args, options, isUp) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const ended = once(child, 'exit');
  const stop = async () => {
    // npm's child, too.
    if (child.exitCode === null) process.kill(-Number(child.pid));
    await ended;
  };
  const deadline = Date.now() + 60_000;
  while (!(await isUp().catch(() => false))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`${command} ${args.join(' ')} did not start:\n${output}`);
    }
    await delay(50);
  }
  return { output: () => output, stop };
}

async function startRedis(folder) {
  const port = await freePort();
  const url = `redis://${HOST}:${port}`;
  const client = createClient({ url, socket: { reconnectStrategy: 50 } }).on('error', () => {});
  const flags = ['--port', String(port), '--bind', HOST, '--save', '', '--dir', folder];
  const connecting = client.connect();
  const isUp = async () => client.isReady && (await client.ping()) === 'PONG';
  const server = await start(programs.redisServer(), flags, {}, isUp);
  await connecting;
  return {
    url,
    async countSessions() {
      const keys = await client.keys('session:*');
      const types = await Promise.all(keys.map((key) => client.type(key)));
      return types.filter((type) => type === 'hash').length;
    },
    async stop() {
      client.destroy();
      await server.stop();
    },
  };
}

/** Copies an example beside the unpacked package, where its `file:../..` finds it. */
function prepare(name, folder, packages, run) {
  const copy = join(folder, 'examples', name);
  cpSync(join(examples, name), copy, {
    recursive: true,
    filter: (path) =>
      !/[\\/](node_modules|build|dist|\.svelte-kit|\.react-router|\.output|\.tanstack|\.nuxt|\.astro)$/.test(path),
  });
  const inFolder = (title, ...args) => run(`${name}: ${title}`, 'npm', args, copy);
  if (inFolder('npm ci', 'ci', '--prefer-offline') === undefined) return undefined;
  if (packages.length > 0 && inFolder('npm install', 'install', ...packages) === undefined) return undefined;
  if (inFolder('npm run check', 'run', '--if-present', 'check') === undefined) return undefined;
  if (inFolder('npm run build', 'run', '--if-present', 'build') === undefined) return undefined;
  return copy;
}

async function playOn(title, script, folder, env, countSessions, problems) {
  const port = await freePort();
  const origin = `http://${HOST}:${port}`;
  const server = {
    NODE_ENV: 'production',
    HOST,
    PORT: String(port),
    ORIGIN: origin,
    PROTOCOL_HEADER: 'x-forwarded-proto',
  };
  const variables = { ...env, ...server, SESSION_SECRET: SECRET };
  const isUp = async () => (await fetch(`${origin}/me`)).ok;
  let running;
  try {
    running = await start('npm', ['run', '--silent', script], { cwd: folder, env: variables }, isUp);
  } catch (error) {
    problems.push(`${title}: ${error.message}`);
    return;
  }
  const results = await play(origin, countSessions);
  await running.stop();
  const failed = results.filter(({ error }) => error !== undefined);
  console.log(`${title}: ${results.length - failed.length} of ${results.length}`);
  for (const step of failed) problems.push(`${title}, ${step.title}: ${step.error.stack ?? step.error}`);
  if (failed.length > 0) problems.push(`${title} said:\n${running.output()}`);
}

async function test(name, folder, packages, redis, problems) {
  const { engines, scripts } = readManifest(join(examples, name));
  const report = collecting(problems);
  const node = nodeFolder(engines, report);
  if (node === undefined) return;
  const { NODE_ENV: _, ...inherited } = process.env;
  const env = { ...inherited, PATH: `${node}${delimiter}${inherited.PATH ?? ''}` };
  const run = (title, command, args, cwd) => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
    if (status === 0) return stdout;
    problems.push(`${title} failed:\n${stdout}${stderr}`);
    return undefined;
  };
  const copy = prepare(name, folder, packages, run);
  if (copy === undefined) return;
  for (const script of Object.keys(scripts).filter((each) => each.startsWith('start'))) {
    await playOn(`${name} ${script}, memory`, script, copy, env, undefined, problems);
    const redisEnv = { ...env, REDIS_URL: redis.url };
    await playOn(`${name} ${script}, Redis`, script, copy, redisEnv, redis.countSessions, problems);
  }
}

const problems = [];
const folder = mkdtempSync(join(tmpdir(), 'examples-'));
let redis;
try {
  const args = process.argv.slice(2);
  const names = chosenExamples(args);
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('There is no dist/: run `npm run build` first.');
  const run = collecting(problems);
  const packed = pack(run, folder);
  if (packed === undefined) throw new Error(problems.join('\n'));
  run('tar', 'tar', ['-xzf', packed.tarball, '--strip-components=1', '-C', folder]);
  mkdirSync(join(folder, 'redis'));
  redis = await startRedis(join(folder, 'redis'));
  for (const name of names) await test(name, folder, args.filter(isPackage), redis, problems);
} catch (error) {
  problems.push(error.message);
} finally {
  await redis?.stop();
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
