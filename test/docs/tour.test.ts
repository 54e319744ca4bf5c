// Runs docs/tour.md: its program, and its commands, in bash with curl.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeBlocks } from '../../scripts/markdown.mjs';
import { programs } from '../../scripts/programs.mjs';
import { Output, terminate } from '../support/child.ts';
import { guard } from '../support/guard.mjs';
import { freePort, startRedis } from '../support/redis-server.ts';
import { programFolder } from './documented.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const blocks = codeBlocks(readFileSync(join(root, 'docs/tour.md'), 'utf8'));
const ofLanguage = (language: string): string[] =>
  blocks.filter((block) => block.language === language).map(({ code }) => code);
const [program = ''] = ofLanguage('js');
const [installation = '', start = ''] = ofLanguage('sh');

interface Step {
  readonly command: string;
  /** What the page says that it prints; `…` stands for what differs each time. */
  readonly output: string;
}

const steps: Step[] = ofLanguage('console').flatMap((block) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.trimEnd().split('\n');
      return { command, output: output.join('\n') };
    }),
);

let folder: string;

beforeAll(() => {
  const [name, ...others] = /^npm install (.*)$/m.exec(installation)![1]!.split(' ');
  assert.equal(name, 'websauna-session');
  folder = programFolder(others);
  writeFileSync(join(folder, 'server.mjs'), program);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs all commands in one bash, in a folder of their own, and returns what each has printed. */
function runCommands(port: number): string[] {
  const jars = mkdtempSync(join(folder, 'jars-'));
  const script = steps
    .map(({ command }) => command.replaceAll('localhost:3000', `localhost:${port}`))
    .flatMap((command, index) => [command, `printf '\\0%d\\0' ${index}`])
    .join('\n');
  const path = [dirname(programs.curl()!), process.env['PATH']].join(delimiter);
  const { stdout, stderr, status } = spawnSync(programs.bash()!, ['--noprofile', '--norc'], {
    cwd: jars,
    input: script,
    encoding: 'utf8',
    timeout: 60_000,
    // A proxy of the machine is not for this host, and no `.curlrc` is the reader's.
    env: { PATH: path, HOME: jars, no_proxy: '*' },
  });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  const parts = stdout.split('\0');
  return steps.map((_, index) => {
    assert.equal(parts[2 * index + 1], String(index));
    return parts[2 * index]!.trimEnd();
  });
}

async function replay(env: Record<string, string>): Promise<string[]> {
  const port = await freePort();
  const [command = '', ...args] = start.split(' ');
  assert.equal(command, 'node');
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, SESSION_SECRET: undefined, REDIS_URL: undefined, ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  guard(child);
  try {
    await new Output(child).match(/Listening/);
    return runCommands(port);
  } finally {
    await terminate(child, 'SIGTERM');
  }
}

function expectOutputs(outputs: readonly string[]): void {
  for (const [index, { command, output }] of steps.entries()) {
    const pattern = output
      .split('…')
      .map((text) => text.replaceAll(/[\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('[\\w.-]{8,}');
    const matching: unknown = expect.stringMatching(new RegExp(`^${pattern}$`));
    expect({ command, output: outputs[index] }).toEqual({ command, output: matching });
  }
}

describe('docs/tour.md', () => {
  test('logs in on two devices, revokes one, and forces a race', () => {
    const outputs = steps.map(({ output }) => output).join('\n');
    for (const shown of ['(this device)', '1 ended', 'a stranger', 'requests: 2', '403']) {
      expect(outputs).toContain(shown);
    }
  });

  test('its commands print what it says, in memory', async () => {
    expectOutputs(await replay({}));
  });

  test('its commands print what it says, with Redis', async () => {
    const redis = await startRedis();
    try {
      expectOutputs(await replay({ REDIS_URL: redis.url }));
      expect(await redis.cli('DBSIZE')).not.toBe(0);
    } finally {
      await redis.stop();
    }
  });
});
