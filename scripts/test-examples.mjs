// Runs the examples as their readers would: packs what is built, installs it with the locked packages of each example,
// checks its types, builds it, starts it in every way that its package.json knows, and plays its playbooks with sessions in
// memory and in Redis. One line for each, a table at the end, and what failed:
//
//   sveltekit start, memory: 11 of 11
//
//   node scripts/test-examples.mjs                      all examples
//   node scripts/test-examples.mjs sveltekit elysia     these
//   node scripts/test-examples.mjs --quick              those that need no bundler
//   node scripts/test-examples.mjs --link               links this package, and those that the tests have too, in place of
//                                                       installing them: npm takes most of the time to unpack them
//   node scripts/test-examples.mjs --dev                also edits those that reload in development
//   node scripts/test-examples.mjs --dev --update       also writes the table of docs/frameworks.md
//   node scripts/test-examples.mjs nest @nestjs/core@11 @nestjs/common@11
//                                                       with other versions of packages
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkHotReload } from './examples/hot-reload.mjs';
import { hasDependenciesOf, linkPackages, lockedVersions } from './examples/packages.mjs';
import { freePort, HOST, start, startRedis } from './examples/processes.mjs';
import { tableOf, toRow, writeTable } from './examples/results-table.mjs';
import { collecting, pack } from './package-trial.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const examples = join(root, 'examples');
const SECRET = 'a secret that only the examples use';
/** What an example with an older Node in its `engines` runs on, if that is not this one. */
const NEWER_NODE = '24';
/** What a build leaves behind. */
const BUILT = /[\\/](node_modules|build|dist|\.next|\.svelte-kit|\.react-router|\.output|\.tanstack|\.nuxt|\.astro)$/;

const readManifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const all = readdirSync(examples).filter((name) => existsSync(join(examples, name, 'package-lock.json')));
const isQuick = (name) => readManifest(join(examples, name)).config.quick === true;

const isPackage = (arg) => arg.lastIndexOf('@') > 0;

function chosenExamples(args) {
  const names = args.filter((arg) => !arg.startsWith('--') && !isPackage(arg));
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`No such example: ${unknown.join(', ')}. There are ${all.join(', ')}.`);
  if (names.length > 0) return names;
  return args.includes('--quick') ? all.filter(isQuick) : all;
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

/** Copies an example beside the unpacked package, where its `file:../..` finds it. Returns whether it could be built. */
function prepare(name, { scripts }, copy, { packages, link }, problems, run) {
  cpSync(join(examples, name), copy, { recursive: true, filter: (path) => !BUILT.test(path) });
  const npm = (...args) => run(`${name}: npm ${args.join(' ')}`, 'npm', args, copy) !== undefined;
  if (!(link ? installLinked(name, copy, problems, npm) : npm('ci', '--prefer-offline'))) return false;
  if (packages.length > 0 && !npm('install', ...packages)) return false;
  return ['check', 'build'].every((script) => !(script in scripts) || npm('run', script));
}

/** `npm ci` would begin with an empty folder. As it does, this fails if the lock file does not fit. */
function installLinked(name, copy, problems, npm) {
  linkPackages(root, copy);
  if (!npm('install', '--prefer-offline', '--package-lock')) return false;
  if (lockedVersions(copy) === lockedVersions(join(examples, name))) return true;
  problems.push(`${name}: \`npm install\` makes another package-lock.json. Run it in examples/${name}.`);
  return false;
}

/** Starts one process of an example, in the way that `script` names. */
async function startExample(script, folder, env) {
  const port = await freePort();
  const isDevelopment = script === 'dev';
  const origin = isDevelopment ? `http://localhost:${port}` : `http://${HOST}:${port}`;
  const production = { NODE_ENV: 'production', HOST, ORIGIN: origin, PROTOCOL_HEADER: 'x-forwarded-proto' };
  const variables = { ...env, ...(!isDevelopment && production), PORT: String(port), SESSION_SECRET: SECRET };
  const args = ['run', '--silent', script, ...(isDevelopment ? ['--', '--port', String(port)] : [])];
  const isUp = async () => (await fetch(`${origin}/about`)).ok;
  return { origin, ...(await start('npm', args, { cwd: folder, env: variables }, isUp)) };
}

/** Plays one playbook; returns for each step its title, and the error if it has failed. */
async function play(playbook, servers, manifest, redis) {
  const { default: steps } = await import(`../examples/playbooks/${playbook}.mjs`);
  const origins = servers.map(({ origin }) => origin);
  const { forgery = 403, failure = 409 } = manifest.config;
  const known = { forgery, failure, otherOrigin: origins.at(-1), countSessions: redis?.countSessions };
  const results = [];
  for (const [title, step] of Object.entries(steps)) {
    try {
      await step(origins[0], known);
      results.push({ title });
    } catch (error) {
      results.push({ title, error });
    }
  }
  return results;
}

/** What is done with an example that runs: its playbooks, or the edits of a developer. */
async function workOn(script, folder, servers, manifest, redis) {
  const { playbooks = ['pages'], hotReload } = manifest.config;
  if (script !== 'dev') {
    const results = [];
    for (const playbook of playbooks) results.push(...(await play(playbook, servers, manifest, redis)));
    return results;
  }
  try {
    const { session, page, restarts = false } = hotReload;
    const files = restarts && redis === undefined ? { page } : { session, page };
    await checkHotReload(servers[0].origin, folder, files, redis?.countConnections);
    return [{ title: 'hot reload' }];
  } catch (error) {
    return [{ title: 'hot reload', error }];
  }
}

async function runOn(title, script, folder, env, manifest, redis, problems) {
  // Sessions in memory are of one process.
  const count = script !== 'dev' && redis !== undefined ? (manifest.config.processes ?? 1) : 1;
  const servers = [];
  let results;
  try {
    const variables = redis === undefined ? env : { ...env, REDIS_URL: redis.url };
    for (let i = 0; i < count; i++) servers.push(await startExample(script, folder, variables));
    results = await workOn(script, folder, servers, manifest, redis);
  } catch (error) {
    results = [{ title: 'start', error }];
  }
  for (const server of servers) await server.stop();
  const failed = results.filter(({ error }) => error !== undefined);
  const counts = { passed: results.length - failed.length, total: results.length };
  console.log(`${title}: ${counts.passed} of ${counts.total}`);
  for (const step of failed) problems.push(`${title}, ${step.title}: ${step.error.stack ?? step.error}`);
  if (failed.length > 0) for (const { output } of servers) problems.push(`${title} said:\n${output()}`);
  return counts;
}

/** Returns what was played on the example, and how it went. */
async function test(name, settings, problems) {
  const { unpacked, redis, inDevelopment } = settings;
  const manifest = readManifest(join(examples, name));
  const node = nodeFolder(manifest.engines, collecting(problems));
  if (node === undefined) return [];
  const { NODE_ENV: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    PATH: `${node}${delimiter}${inherited.PATH ?? ''}`,
    NEXT_TELEMETRY_DISABLED: '1',
    ASTRO_TELEMETRY_DISABLED: '1',
    NUXT_TELEMETRY_DISABLED: '1',
  };
  const copy = join(unpacked, 'examples', name);
  if (!prepare(name, manifest, copy, settings, problems, collecting(problems, env))) return [];
  const modes = Object.keys(manifest.scripts).filter((each) => each.startsWith('start'));
  // Last, because it edits the copy.
  if (inDevelopment && manifest.config.hotReload !== undefined) modes.push('dev');
  const runs = [];
  for (const mode of modes) {
    for (const [store, server] of Object.entries({ memory: undefined, Redis: redis })) {
      const title = `${name} ${mode}, ${store}`;
      runs.push({ mode, store, ...(await runOn(title, mode, copy, env, manifest, server, problems)) });
    }
  }
  rmSync(copy, { recursive: true, force: true, maxRetries: 10 });
  return runs;
}

const problems = [];
const folder = mkdtempSync(join(tmpdir(), 'examples-'));
let redis;
try {
  const args = process.argv.slice(2);
  const names = chosenExamples(args);
  const own = readManifest(root);
  for (const name of all) {
    if (hasDependenciesOf(own, join(examples, name))) continue;
    problems.push(
      `examples/${name}/package-lock.json has old dependencies of this package: delete its entry, and run npm install.`,
    );
  }
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('There is no dist/: run `npm run build` first.');
  const run = collecting(problems);
  const packed = pack(run, folder);
  if (packed === undefined) throw new Error(problems.join('\n'));
  run('tar', 'tar', ['-xzf', packed.tarball, '-C', folder]);
  mkdirSync(join(folder, 'redis'));
  redis = await startRedis(join(folder, 'redis'));
  const [inDevelopment, link] = [args.includes('--dev'), args.includes('--link')];
  const unpacked = join(folder, 'package');
  const settings = { unpacked, packages: args.filter(isPackage), redis, inDevelopment, link };
  const rows = [];
  for (const name of names) {
    const runs = await test(name, settings, problems);
    if (runs.length > 0) rows.push(toRow(name, readManifest(join(examples, name)), runs));
  }
  console.log(`\n${tableOf(rows)}`);
  if (args.includes('--update')) writeTable(join(root, 'docs/frameworks.md'), rows);
} catch (error) {
  problems.push(error.stack);
} finally {
  await redis?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
