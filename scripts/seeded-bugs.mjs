// Shows that the model test finds the bugs that it exists for: puts one bug after the other into a copy of the
// sources, and fails when the test finds nothing, or when a bug no longer fits the sources.
//
//   node scripts/seeded-bugs.mjs [words of a bug's title]
//
// With WRITE_HINTS=1 it writes down where each bug was found, which is where the next run looks first.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread, parentPort, threadId, Worker, workerData } from 'node:worker_threads';
import { rolldown } from 'rolldown';
import { bugs } from '../test/model/bugs/index.mjs';
import { sourceModules } from './source-modules.mjs';

const HINTS = new URL('../test/model/bugs/hints.json', import.meta.url);
const hints = JSON.parse(readFileSync(HINTS, 'utf8'));

const root = fileURLToPath(new URL('..', import.meta.url));

/** The tree as far as the model test needs it, to be changed at will. */
class Copy {
  #folder;
  #bundles = 0;

  constructor(parent) {
    this.#folder = join(parent, `copy-${threadId}`);
    mkdirSync(this.#folder);
    for (const name of ['src', 'test', 'scripts', 'package.json']) {
      cpSync(join(root, name), join(this.#folder, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
  }

  /** Searches the sources with a change, and takes it back. */
  async search({ bug, on, change }, servers) {
    const isLua = change.some(([file]) => file.endsWith('.lua'));
    const originals = new Map(change.map(([file]) => [file, this.#read(file)]));
    try {
      for (const [file, search, replacement] of change) {
        const parts = this.#read(file).split(search);
        if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${search}`);
        this.#write(file, parts.join(replacement));
      }
      if (isLua) this.#buildLua();
      const { search } = await this.load(on === 'memory' ? 'search-memory' : 'search-servers');
      return await search({ on, ...placesFor(bug, on), shrinks: process.argv.length > 2 }, servers);
    } finally {
      for (const [file, text] of originals) this.#write(file, text);
      if (isLua) this.#buildLua();
    }
  }

  #buildLua() {
    spawnSync(process.execPath, ['scripts/build-lua.mjs'], { cwd: this.#folder, stdio: 'inherit' });
  }

  /** A module of the model test with all that it needs, in one file, under a name that has not been imported yet. */
  async load(name) {
    const file = join(this.#folder, 'bundles', `${name}-${++this.#bundles}.js`);
    const bundle = await rolldown({
      input: join(this.#folder, 'test/model', `${name}.ts`),
      platform: 'node',
      resolve: { alias: Object.fromEntries([...sourceModules].map(([id, path]) => [id, join(this.#folder, path)])) },
      external: (id) => !/^[./]/.test(id) && !sourceModules.has(id),
      treeshake: false,
    });
    await bundle.write({ file, codeSplitting: false });
    await bundle.close();
    return await import(pathToFileURL(file).href);
  }

  #read(file) {
    return readFileSync(join(this.#folder, file), 'utf8');
  }

  #write(file, text) {
    writeFileSync(join(this.#folder, file), text);
  }
}

/** Where to look for a bug; for the control, wherever one of the bugs has been found. */
function placesFor(title, on) {
  if (CONTROLS.some(({ bug }) => bug === title)) {
    return { hints: bugs.flatMap((each) => (each.on === on ? (hints[each.bug] ?? []) : [])), elsewhere: false };
  }
  return { hints: title in hints ? [hints[title]] : [], elsewhere: true };
}

/** Seconds, to a tenth. */
const since = (start) => ((performance.now() - start) / 1000).toFixed(1);

/** In a worker: searches for one bug after the other, until there is none left. */
function work({ folder, servers }) {
  const copy = new Copy(folder);
  const search = async (index) => {
    const start = performance.now();
    try {
      const { finding, place, interleavings } = await copy.search(
        index < 0 ? CONTROLS[-1 - index] : bugs[index],
        servers,
      );
      const trace = finding && { lines: finding.trace.length, text: String(finding) };
      return { index, interleavings, place, trace, seconds: since(start) };
    } catch (error) {
      return { index, interleavings: 0, error: error.stack, seconds: since(start) };
    }
  };
  parentPort.on('message', (index) => {
    if (index === null) parentPort.close();
    else void search(index).then((result) => post(parentPort, result));
  });
}

function post(port, message) {
  port.postMessage(message);
}

/** The control: without a bug nothing may be found where bugs are, or a finding would prove nothing. */
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

async function searchAll(folder, servers) {
  const wanted = process.argv.slice(2).join(' ');
  const queue = bugs.flatMap(({ bug }, index) => (bug.includes(wanted) ? [index] : []));
  if (wanted === '') queue.unshift(...CONTROLS.map((_, i) => -1 - i));
  const total = queue.length;
  const start = performance.now();
  let good = 0;
  const workers = Array.from({ length: Math.min(total, availableParallelism()) }, () => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { folder, servers },
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
  // The servers' folders too, also when a signal ends this process.
  process.env.TMPDIR = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  const wanted = process.argv.slice(2).join(' ');
  const needsServers = wanted === '' || bugs.some(({ bug, on }) => bug.includes(wanted) && on !== 'memory');
  const servers = needsServers ? await new Copy(folder).load('servers') : null;
  try {
    process.exitCode = (await searchAll(folder, (await servers?.open()) ?? null)) ? 0 : 1;
  } finally {
    await servers?.close();
  }
}

if (isMainThread) await main();
else work(workerData);
