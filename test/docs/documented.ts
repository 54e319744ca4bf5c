// Runs the programs that the documentation shows.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';
import { codeBlocks } from '../../scripts/markdown.mjs';
import { Output } from '../support/child.ts';
import { guard } from '../support/guard.mjs';
import { freePort } from '../support/redis-server.ts';
import { Jar } from '../support/visit.ts';
import { waitFor } from '../support/wait-for.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Returns the one block of a document that contains `text`, as JavaScript. */
export async function documentedCode(file: string, text: string): Promise<string> {
  const blocks = codeBlocks(readFileSync(join(root, file), 'utf8')).filter(({ code }) => code.includes(text));
  assert.equal(blocks.length, 1, `${file} has one program with ${text}`);
  const { code } = await transformWithOxc(blocks[0]!.code, 'program.ts', { sourcemap: false });
  return code;
}

/** A folder in which a program finds this package, as it was built, and those that are named. */
export function programFolder(packages: readonly string[]): string {
  assert.ok(existsSync(join(root, 'dist/index.js')), 'There is no dist/: run `npm run build` first.');
  const folder = mkdtempSync(join(tmpdir(), 'documented-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/websauna-session'));
  for (const name of packages) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  return folder;
}

export interface Running {
  readonly child: ChildProcess;
  readonly origin: string;
  readonly output: Output;
}

/**
 * Starts a program that listens on port 3000, on a free port instead, and waits until it answers.
 *
 * @param runtime what runs it
 */
export async function startProgram(
  folder: string,
  code: string,
  env: Record<string, string> = {},
  runtime: string = process.execPath,
): Promise<Running> {
  // The transformation writes 3000 as 3e3.
  const listening = /(listen\((?:\{ port: )?|Bun\.serve\(\{\s+port: )(?:3000|3e3)(?=(?: \})?\)|,)/;
  assert.match(code, listening);
  writeFileSync(join(folder, 'server.mjs'), code.replace(listening, '$1Number(process.env.PORT)'));
  const port = await freePort();
  const child = spawn(runtime, ['server.mjs'], {
    cwd: folder,
    env: { ...process.env, SESSION_SECRET: 'x'.repeat(32), ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  guard(child);
  const output = new Output(child);
  const origin = `http://127.0.0.1:${port}`;
  await waitFor(
    'the program to answer',
    async () => {
      assert.equal(child.exitCode, null, output.text);
      return (await fetch(origin, { redirect: 'manual' })).status > 0;
    },
    30_000,
  );
  return { child, origin, output };
}

/** A browser of one site, which sends forms. */
export class Browser {
  readonly jar: Jar;
  readonly #origin: string;

  constructor(origin: string, jar: Jar = new Jar()) {
    this.#origin = origin;
    this.jar = jar;
  }

  async get(path: string): Promise<Response> {
    return await this.#send(path, {});
  }

  /** Posts a form with the CSRF token of the page at `/`, which is JSON with a member `csrf`. */
  async post(path: string, fields: Record<string, string> = {}): Promise<Response> {
    const { csrf } = (await (await this.get('/')).json()) as { csrf: string };
    return await this.#send(path, { method: 'POST', body: new URLSearchParams({ ...fields, csrf }) });
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const { header } = this.jar;
    const headers = header === undefined ? {} : { cookie: header };
    const response = await fetch(new URL(path, this.#origin), { redirect: 'manual', headers, ...init });
    this.keep(response);
    return response;
  }

  /** Takes the cookies of a response. */
  keep(response: Response): void {
    this.jar.take(response.headers.getSetCookie());
  }

  /** The `Cookie` header; empty without a cookie. */
  get cookie(): string {
    return this.jar.header ?? '';
  }
}
