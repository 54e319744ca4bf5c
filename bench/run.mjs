// npm run bench: every framework with every kind of session under every workload, side by side in one run.
// Options: --quick, --frameworks=express,fastify, --kinds="none,ours: node-redis,ours: audit,ours: stats,ours: otel,ours: otel+audit", --workloads=read,change, --rounds=5, --out=folder
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { chart } from './lib/chart.mjs';
import { redisCommand, startRedis, startServer } from './lib/child.mjs';
import { load } from './lib/load.mjs';
import { summarise, tables } from './lib/report.mjs';
import { parallelChanges, prepare, WORKLOADS } from './lib/workloads.mjs';

const OURS = ['ours: node-redis', 'ours: ioredis', 'ours: cache', 'ours: memory'];
const KINDS = {
  express: ['none', 'baseline', ...OURS, 'peer', 'iron-session'],
  fastify: ['none', 'baseline', ...OURS, 'peer'],
  koa: ['none', 'baseline', ...OURS, 'peer'],
  hono: ['none', 'baseline', ...OURS],
  node: ['none', 'baseline', ...OURS],
};
/** Workloads whose sessions do not fit into a cookie. */
const TOO_LARGE_FOR_A_COOKIE = ['read of 16 KB', 'change of 64 KB'];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    frameworks: { type: 'string', default: Object.keys(KINDS).join(',') },
    kinds: { type: 'string' },
    workloads: { type: 'string', default: Object.keys(WORKLOADS).join(',') },
    out: { type: 'string', default: 'bench/results' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));
const amount = values.quick ? 3200 : 9600;
/** Requests before the first measurement of a server: V8 is not done with its code before. */
const WARM_UP = 16_000;

/** One kind of server through all workloads, in a process of its own. */
async function measure(round, framework, kind, redis, results) {
  const server = await startServer(framework, kind, redis.url);
  try {
    await load(server.port, WARM_UP, await prepare(server.port, WORKLOADS.read));
    for (const workload of values.workloads.split(',')) {
      if (kind === 'iron-session' && TOO_LARGE_FOR_A_COOKIE.includes(workload)) continue;
      const plan = WORKLOADS[workload];
      const size = Math.min(plan.amount ?? amount, amount);
      const requests = await prepare(server.port, plan);
      await load(server.port, size / 3, requests);
      const before = await server.cpu();
      const { seconds, p50, p99 } = await load(server.port, size, requests);
      const cpu = (((await server.cpu()) - before) / size) * 1e6;
      results.push({ round, framework, kind, workload, cpu, perSecond: size / seconds, p50, p99 });
    }
    if (framework === 'express' && (kind === 'peer' || kind.startsWith('ours: node'))) {
      results.push({
        framework,
        kind,
        workload: 'parallel',
        ...(await parallelChanges(server.port, values.quick ? 5 : 20)),
      });
    }
  } finally {
    await server.stop();
    await redisCommand(redis.port, 'FLUSHALL');
  }
}

const results = [];
const redis = await startRedis();
try {
  for (let round = 1; round <= rounds; round++) {
    for (const framework of values.frameworks.split(',')) {
      // The order turns with the rounds, so that no kind always follows the same other one.
      const kinds = values.kinds?.split(',') ?? KINDS[framework];
      for (let i = 0; i < kinds.length; i++) {
        const kind = kinds[(i + round) % kinds.length];
        process.stderr.write(`round ${round}/${rounds}: ${framework}, ${kind}\n`);
        await measure(round, framework, kind, redis, results);
      }
    }
  }
} finally {
  await redis.stop();
}

const summary = summarise(results);
const machine = `Node ${process.version}, ${cpus().length} cores (${cpus()[0].model}), ${rounds} rounds`;
const text = tables(summary, machine);
mkdirSync(values.out, { recursive: true });
writeFileSync(`${values.out}/results.json`, `${JSON.stringify({ machine, summary }, null, 1)}\n`);
writeFileSync(`${values.out}/results.md`, text);
writeFileSync(`${values.out}/tax.svg`, chart(summary));
process.stdout.write(text);
