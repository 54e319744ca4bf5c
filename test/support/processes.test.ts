import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Output } from './child.ts';
import { startProcess } from './processes.ts';

const echo = new URL('fixtures/echo-server.mjs', import.meta.url);
const owner = new URL('fixtures/child-owner.mjs', import.meta.url);

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a process is ready once it listens, and is gone once it is stopped', async () => {
  const server = await startProcess(echo, { args: ['a', 'b'], env: { GREETING: 'hello' } });
  expect(server.ready).toEqual({ port: server.port, args: ['a', 'b'] });
  expect(await (await fetch(`${server.url}/there`)).text()).toBe('hello /there');
  await server.stop();
  expect(server.running).toBe(false);
  expect(isRunning(server.pid)).toBe(false);
});

test('a process that fails before it is ready fails with what it printed', async () => {
  const starting = startProcess(echo, { execArgv: ['--import', 'data:text/javascript,throw new Error("broken")'] });
  await expect(starting).rejects.toThrow(/broken/);
});

test('output that has arrived before anyone asks is not lost', async () => {
  const child = spawn(process.execPath, ['-e', 'console.log("early")'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = new Output(child);
  await once(child, 'close');
  expect((await output.match(/ear(ly)/))[1]).toBe('ly');
  await expect(output.match(/late/)).rejects.toThrow(/ended \(0\)/);
});

test.each(['SIGTERM', 'SIGKILL', 'exit'] as const)('a guarded child ends when its owner ends by %s', async (end) => {
  const parent = spawn(process.execPath, [fileURLToPath(owner)], { stdio: ['ignore', 'pipe', 'inherit'] });
  // The child writes to the same pipe, so that it closes when both are gone.
  const closed = once(parent, 'close');
  const [line] = await new Output(parent).match(/\{.*\}/);
  const { port, child } = JSON.parse(line) as { port: number; child: number };
  expect(isRunning(child)).toBe(true);
  if (end === 'exit') await fetch(`http://127.0.0.1:${port}`).catch(() => {});
  else parent.kill(end);
  await closed;
});
