// Shows that the model test finds the bugs that it exists for: puts one bug after the other into the sources, in memory,
// and fails when the test finds nothing, or when a bug no longer fits the sources.
//
//   node scripts/seeded-bugs.mjs [words of a bug's title]
//
// With WRITE_HINTS=1 it writes down where each bug was found, which is where the next run looks first.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createServer, createServerModuleRunner } from 'vite';
import { bugs } from '../test/model/bugs/index.mjs';
import { generateLuaModules } from './lua-modules.mjs';
import { sourceAliases } from './public-modules.mjs';

const HINTS = new URL('../test/model/bugs/hints.json', import.meta.url);
const hints = JSON.parse(readFileSync(HINTS, 'utf8'));

const root = fileURLToPath(new URL('..', import.meta.url));

/** The modules of the sources and of the tests, as they are with a change that is not written. */
class ChangedModules {
  /** Texts of files that differ from those on disk, by their paths. */
  #changed = new Map();
  #server;
  #runner;

  /** Returns the module of this path, and loads once more what has changed, with all that it is imported by. */
  async load(file) {
    this.#server ??= await this.#start();
    // Source maps are parsed when a stack is read: for every module, it took 15 % of the time.
    const options = { hmr: false, sourcemapInterceptor: 'prepareStackTrace' };
    this.#runner ??= createServerModuleRunner(this.#server.environments.ssr, options);
    return await this.#runner.import(`/${file}`);
  }

  /** @param change file, text that occurs there once, and what to put in its place */
  change(change) {
    for (const [file, search, replacement] of change) {
      const parts = this.#read(file).split(search);
      if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${search}`);
      this.#replace(file, parts.join(replacement));
    }
    if (!change.some(([file]) => file.endsWith('.lua'))) return;
    for (const [file, text] of generateLuaModules((source) => this.#read(source))) this.#replace(file, text);
  }

  undo() {
    const paths = this.#changed.keys();
    this.#changed = new Map();
    for (const path of paths) this.#invalidate(path);
  }

  async close() {
    await this.#runner?.close();
    await this.#server?.close();
  }

  async #start() {
    return await createServer({
      root,
      configFile: false,
      appType: 'custom',
      logLevel: 'error',
      optimizeDeps: { noDiscovery: true },
      server: { middlewareMode: true, watch: null, ws: false },
      resolve: { alias: sourceAliases },
      plugins: [{ name: 'changed', enforce: 'pre', load: (id) => this.#changed.get(id) }],
    });
  }

  #read(file) {
    return this.#changed.get(join(root, file)) ?? readFileSync(join(root, file), 'utf8');
  }

  #replace(file, text) {
    this.#changed.set(join(root, file), text);
    this.#invalidate(join(root, file));
  }

  #invalidate(path) {
    const { moduleGraph } = this.#server?.environments.ssr ?? {};
    for (const module of moduleGraph?.getModulesByFile(path) ?? []) moduleGraph.invalidateModule(module);
  }
}

const isGenerated = (place) => /^(?:basic|random) /.test(place);

/**
 * Where to look for a bug; for the control, wherever one of the bugs has been found. In memory it looks at one of each set of
 * enumerated plans: `test/model/memory.test.ts` explores all of them.
 */
function placesFor(title, on) {
  if (CONTROLS.some(({ bug }) => bug === title)) {
    const found = bugs.flatMap((each) => (each.on === on ? (hints[each.bug] ?? []) : []));
    const oneOfEach = new Map(found.map((place) => [isGenerated(place) ? place : place.split(':')[0], place]));
    return { hints: on === 'memory' ? [...oneOfEach.values()] : found, elsewhere: false };
  }
  return { hints: title in hints ? [hints[title]] : [], elsewhere: true };
}

/** Seconds, to a tenth. */
const since = (start) => ((performance.now() - start) / 1000).toFixed(1);

/** In a worker: searches for one bug after the other, until there is none left. */
function work({ servers }) {
  const modules = new ChangedModules();
  const searchFor = async (index) => {
    const start = performance.now();
    const { bug, on, change } = index < 0 ? CONTROLS[-1 - index] : bugs[index];
    try {
      modules.change(change);
      const { search } = await modules.load(`test/model/${on === 'memory' ? 'search-memory' : 'search-servers'}.ts`);
      const what = { on, ...placesFor(bug, on), shrinks: process.argv.length > 2 };
      const { finding, place, interleavings } = await search(what, servers);
      const trace = finding && { lines: finding.trace.length, text: String(finding) };
      return { index, interleavings, place, trace, seconds: since(start) };
    } catch (error) {
      return { index, interleavings: 0, error: error.stack, seconds: since(start) };
    } finally {
      modules.undo();
    }
  };
  parentPort.on('message', (index) => {
    if (index === null) {
      parentPort.close();
      void modules.close();
    } else void searchFor(index).then((result) => post(parentPort, result));
  });
}

function post(port, message) {
  port.postMessage(message);
}

/**
 * The controls: without a bug nothing may be found where bugs are, or a finding would prove nothing. They come last, after
 * modules were loaded again.
 */
const CONTROLS = [
  { bug: 'no bug, in memory', on: 'memory', change: [] },
  { bug: 'no bug, on Redis', on: 'redis', change: [] },
  { bug: 'no bug, on Cluster', on: 'cluster', change: [] },
];

function report({ index, interleavings, place, trace, error, seconds }) {
  const control = index < 0;
  const { bug, breaks = '', on } = control ? CONTROLS[-1 - index] : bugs[index];
  const ok = error === undefined && (control ? trace === null : trace !== null);
  if (!control && ok && process.env.WRITE_HINTS === '1') writeHint(bug, place);
  const found = error ?? (trace === null ? 'nothing found' : `found in ${place}, a trace of ${trace.lines} lines`);
  console.log(
    `${ok ? 'ok    ' : 'FAILED'} ${breaks.padEnd(2)} ${on.padEnd(7)} ${seconds.padStart(5)} s  ${bug}: ${found}, ${interleavings} interleavings`,
  );
  if (trace && (control || process.argv.length > 2)) console.log(trace.text);
  return ok;
}

function writeHint(bug, place) {
  hints[bug] = place;
  const known = bugs.flatMap((each) => (hints[each.bug] === undefined ? [] : [[each.bug, hints[each.bug]]]));
  writeFileSync(HINTS, `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`);
}

async function searchAll(servers) {
  const wanted = process.argv.slice(2).join(' ');
  const queue = bugs.flatMap(({ bug }, index) => (bug.includes(wanted) ? [index] : []));
  if (wanted === '') queue.push(...CONTROLS.map((_, i) => -1 - i));
  const total = queue.length;
  const start = performance.now();
  let good = 0;
  const workers = Array.from({ length: Math.min(total, availableParallelism()) }, () => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { servers },
      argv: process.argv.slice(2),
    });
    const next = () => post(worker, queue.shift() ?? null);
    worker.on('message', (result) => {
      if (report(result)) good++;
      next();
    });
    next();
    return once(worker, 'exit');
  });
  await Promise.all(workers);
  console.log(`\n${good} of ${total} as expected, in ${since(start)} s`);
  return good === total && total > 0;
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'seeded-bugs-'));
  // The servers' folders are in it, and end with this process, also when a signal ends it.
  process.env.TMPDIR = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  const wanted = process.argv.slice(2).join(' ');
  const needsServers = wanted === '' || bugs.some(({ bug, on }) => bug.includes(wanted) && on !== 'memory');
  const modules = new ChangedModules();
  const servers = needsServers ? await modules.load('test/model/servers.ts') : null;
  try {
    process.exitCode = (await searchAll((await servers?.open()) ?? null)) ? 0 : 1;
  } finally {
    await servers?.close();
    await modules.close();
  }
}

if (isMainThread) await main();
else work(workerData);
