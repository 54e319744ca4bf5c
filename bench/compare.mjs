// npm run bench:compare -- <revision>: the session tax of this tree and of another revision, in turns in one run.
// Options: --frameworks=express,fastify, --workloads=read,change, --starts=9, --rounds=5 (for each start of the servers, two at least)
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { startRedis, startServer } from './lib/child.mjs';
import { median } from './lib/report.mjs';
import { load, prepare, WORKLOADS } from './lib/workloads.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    frameworks: { type: 'string', default: 'express,fastify' },
    workloads: { type: 'string', default: 'read,change' },
    starts: { type: 'string', default: '9' },
    rounds: { type: 'string', default: '5' },
  },
});
const [revision] = positionals;
if (revision === undefined) throw new TypeError('Expected a revision to compare with, such as v0.1.0');

/** Requests before the first measured one: V8 goes on compiling for tens of thousands, for longer where there is more code. */
const WARM_UP = 64_000;
const BATCH = 3_200;

/** The revision with its own benchmark, built, in a folder of its own. */
function checkOut(folder) {
  const run = (command, ...args) => execFileSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  run('git', 'worktree', 'add', '--detach', folder, revision);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'bench', 'node_modules'));
  symlinkSync(folder, join(folder, 'bench', 'node_modules', 'websauna-session'));
  run('npm', 'run', 'build', '--prefix', folder);
  return pathToFileURL(join(folder, 'bench', 'server.mjs'));
}

/** Microseconds of CPU time for a request. */
async function measure(server, requests) {
  const before = await server.cpu();
  await load(server.port, BATCH, requests);
  return (((await server.cpu()) - before) / BATCH) * 1e6;
}

/** Adds one time for each kind, from one start of the servers: two processes of one program differ by some percent. */
async function measureInTurns(framework, workload, redis, kinds) {
  const servers = [];
  try {
    for (const { kind, program } of kinds) {
      const server = await startServer(framework, kind, redis.url, [], program);
      const requests = await prepare(server.port, WORKLOADS[workload]);
      await load(server.port, WARM_UP, requests);
      servers.push({ server, requests, times: [] });
    }
    for (let round = 0; round < Number(values.rounds); round++) {
      // The order turns with the rounds, so that none always follows the same other one.
      const turned = servers.map((_, i) => servers[(i + round) % servers.length]);
      for (const { server, requests, times } of turned) times.push(await measure(server, requests));
    }
    for (const [i, { times }] of servers.entries()) kinds[i].times.push(median(times));
  } finally {
    for (const { server } of servers) await server.stop();
  }
}

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

function standardError(numbers) {
  const center = mean(numbers);
  const squares = numbers.reduce((sum, number) => sum + (number - center) ** 2, 0);
  return Math.sqrt(squares / (numbers.length - 1) / numbers.length);
}

async function compare(framework, workload, redis, other) {
  const kinds = [
    { kind: 'none', times: [] },
    { kind: 'ours: node-redis', program: other, times: [] },
    { kind: 'ours: node-redis', times: [] },
  ];
  for (let start = 0; start < Number(values.starts); start++) await measureInTurns(framework, workload, redis, kinds);
  const [none, before, now] = kinds.map(({ times }) => mean(times));
  const differences = kinds[2].times.map((time, i) => time - kinds[1].times[i]);
  return {
    none,
    before,
    now,
    tax: (now - none) / (before - none),
    more: mean(differences),
    error: standardError(differences),
  };
}

const folder = join(mkdtempSync(join(tmpdir(), 'bench-compare-')), 'other');
const redis = await startRedis();
try {
  const other = checkOut(folder);
  console.log(
    `µs of CPU time for a request, Node ${process.versions.node}, ${values.starts} starts of ${values.rounds} rounds\n`,
  );
  console.log(
    `| framework | workload | without sessions | ${revision} | this tree | more | standard error | ratio of the tax |`,
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const framework of values.frameworks.split(',')) {
    for (const workload of values.workloads.split(',')) {
      const { none, before, now, tax, more, error } = await compare(framework, workload, redis, other);
      const times = [none, before, now].map((time) => time.toFixed(1)).join(' | ');
      console.log(
        `| ${framework} | ${workload} | ${times} | ${more.toFixed(2)} | ${error.toFixed(2)} | ${tax.toFixed(2)} |`,
      );
    }
  }
} finally {
  await redis.stop();
  execFileSync('git', ['worktree', 'remove', '--force', folder], { cwd: root });
  rmSync(join(folder, '..'), { recursive: true, force: true });
}
