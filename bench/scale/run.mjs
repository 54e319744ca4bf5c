// npm run bench:scale: what sessions cost by their number, their size and their owner's number of them.
// Options: --quick, --only=memory,commands,owners,sizes,counts,processes,shards,invalidations,
// moves, audit, stats, dashboard, --rounds=5, --out=folder
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { audit } from './audit.mjs';
import { commands } from './commands.mjs';
import { counts } from './counts.mjs';
import { dashboard } from './dashboard.mjs';
import { processes, shards } from './growth.mjs';
import { invalidations } from './invalidations.mjs';
import { memory } from './memory.mjs';
import { moves } from './moves.mjs';
import { owners } from './owners.mjs';
import { run } from './server.mjs';
import { sizes } from './sizes.mjs';
import { stats } from './stats.mjs';

const SECTIONS = {
  memory,
  commands,
  owners,
  sizes,
  counts,
  processes,
  shards,
  invalidations,
  moves,
  audit,
  stats,
  dashboard,
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', default: Object.keys(SECTIONS).join(',') },
    out: { type: 'string', default: 'bench/results' },
  },
});
const chosen = values.only.split(',');
for (const name of chosen) {
  if (!(name in SECTIONS)) throw new Error(`Expected --only to name ${Object.keys(SECTIONS).join(', ')}, got ${name}`);
}
const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));

const redis = /v=(\S+)/.exec(await run(process.env.REDIS_SERVER ?? 'redis-server', ['--version']))?.[1];
const machine = `Node ${process.version}, Redis ${redis}, ${cpus().length} cores (${cpus()[0].model}), ${rounds} rounds`;
const parts = [`# Scale\n\n${machine}. Medians over the rounds ± half the distance between the quartiles.\n`];
mkdirSync(values.out, { recursive: true });
for (const name of chosen) {
  process.stderr.write(`${name}\n`);
  const text = await SECTIONS[name]({ quick: values.quick, rounds });
  process.stdout.write(`${text}\n`);
  parts.push(text);
  // Written after each part, because the whole takes long.
  writeFileSync(`${values.out}/scale.md`, parts.join('\n'));
}
