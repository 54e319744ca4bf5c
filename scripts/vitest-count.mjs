// Runs the tests and counts them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = join(root, 'node_modules/vitest/vitest.mjs');

/** `names -- arguments to Vitest` */
export function splitArguments(args) {
  const at = args.indexOf('--');
  return at === -1 ? [args, []] : [args.slice(0, at), args.slice(at + 1)];
}

/**
 * @param args Vitest's arguments.
 * @param start Runs Node with these arguments to its end; returns or resolves to whether it exited with 0.
 */
export async function countTests(args, start, reporter = 'default') {
  const folder = mkdtempSync(join(tmpdir(), 'vitest-'));
  try {
    const report = join(folder, 'report.json');
    const ok = await start([
      vitest,
      'run',
      // On what was built before.
      '--mode=built',
      `--reporter=${reporter}`,
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ]);
    const { testResults = [] } = read(report);
    const count = (...states) =>
      testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => states.includes(status))
        .length;
    // A file that fails without a failed test, say because it does not load, counts as one.
    const broken = testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
    ).length;
    const failed = count('failed') + broken;
    return {
      passed: count('passed'),
      // Vitest also fails for errors of no file, such as one that was not caught.
      failed: ok ? failed : Math.max(1, failed),
      skipped: count('skipped', 'pending', 'todo', 'disabled'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the tests on a Node of this path, in this environment; returns what they printed, and the counts. */
export async function countQuietly(args, node, { ...env }) {
  // Vitest sets the one that it needs.
  delete env.NODE_ENV;
  let output = '';
  const start = (all) => {
    const { status, stdout, stderr } = spawnSync(node, all, { cwd: root, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
    output = stdout + stderr;
    return status === 0;
  };
  const counts = await countTests(args, start, 'dot');
  return { ...counts, output };
}

export function inWords({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function read(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return {};
  }
}
