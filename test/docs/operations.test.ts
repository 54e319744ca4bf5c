import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { codeBlocks } from '../../scripts/markdown.mjs';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { EXIT } from '../../src/cli/command.ts';
import { CHECKS } from '../../src/cli/doctor/checks.ts';
import { ATTRIBUTES, METRICS } from '../../src/otel/names.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { Jar, visit } from '../support/visit.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(`${root}docs/operations.md`, 'utf8');
const secret = 'K3sJ0wX1q2b8Yc5Vd6Zf7Tg9Rh4Mj0Nl2Pn8Qo6U=';

let server: RedisServer;
beforeAll(async () => {
  if (!existsSync(`${root}dist/cli/bin.js`)) throw new Error('There is no dist/: run `npm run build` first.');
  server = await startRedis();
  const factory = createSessionFactory({ secret, redis: { url: server.url, socketTimeout: 20 }, userAgent: 'full' });
  for (const agent of ['Firefox/146.0', 'Safari/605.1.15']) {
    const headers = { 'user-agent': agent };
    await visit(factory, new Jar(), (session) => session.login('alice', { method: 'password' }), { headers });
  }
  await visit(factory, new Jar(), (session) => session.set('cart', 1));
  await factory.close();
});
afterAll(() => server?.stop());

/** Replaces what differs each time: handles, times, milliseconds, sizes, connections and the version. */
function masked(output: string): string {
  return output
    .replaceAll(/^[\w-]{43}(?= )/gm, '<handle>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>')
    .replaceAll(/\d+(?:\.\d+)? (?=ms\b|MiB\b)/g, '<number> ')
    .replaceAll(/\d+ of (?=\d+$)/gm, '<number> of ')
    .replaceAll(/of \d+$/gm, 'of <number>')
    .replaceAll(/(?:Redis|Valkey) \d+(?:\.\d+)+/g, '<version>')
    .replaceAll(/[ \t]+/g, ' ')
    .trim();
}

const examples = codeBlocks(text)
  .filter(({ language }) => language === 'console')
  .flatMap(({ code }) => code.split(/^\$ npx websauna-session /m).slice(1))
  .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)] as const);

test('the page shows commands', () => expect(examples.length).toBeGreaterThan(4));

test.each(examples)('websauna-session %s prints what the page says', (command, expected) => {
  const print = (): string => {
    const { stdout, stderr } = spawnSync(process.execPath, [`${root}dist/cli/bin.js`, ...command.split(' ')], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], REDIS_URL: server.url, SESSION_SECRET: secret },
    });
    return masked(stderr + stdout);
  };
  let printed = print();
  // A busy machine makes the doctor complain of latency.
  for (let i = 0; i < 5 && printed !== masked(expected) && printed.includes('warning latency'); i += 1)
    printed = print();
  expect(printed).toBe(masked(expected));
});

/** The first cells of the table under a heading, without their backticks. */
function firstCells(heading: string): string[] {
  const section = text.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`))!;
  const cells = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, cell]) => cell!);
  return cells.toSorted();
}

test('the page has every command, check, exit code, attribute and metric, and no other', () => {
  expect(firstCells('The command line')).toEqual(COMMANDS.map(({ name }) => name).toSorted());
  expect(firstCells('Exit codes')).toEqual(Object.values(EXIT).map(String).toSorted());
  expect(firstCells('What the doctor looks at')).toEqual(CHECKS.map(({ name }) => name).toSorted());
  expect(firstCells('Attributes')).toEqual(Object.values(ATTRIBUTES).toSorted());
  expect(firstCells('Metrics')).toEqual(Object.values(METRICS).toSorted());
});
