import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collecting, pack } from '../../scripts/package-trial.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Packs what `npm run build` has built, and installs it into a new folder, beside other packages in the versions that the
 * tests use.
 *
 * @returns the folder that is installed into, inside of `folder`
 */
export function installPackage(folder: string, names: readonly string[]): string {
  const problems: string[] = [];
  const run = collecting(problems);
  const packed = pack(run, folder);
  assert.ok(packed, problems.join('\n'));
  const target = join(folder, 'installed');
  mkdirSync(target);
  writeFileSync(join(target, 'package.json'), '{ "name": "reader", "private": true }\n');
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const packages = names.map((name) => `${name}@${devDependencies[name]}`);
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock'];
  run('npm install', 'npm', ['install', ...flags, packed.tarball, ...packages], target);
  assert.deepEqual(problems, []);
  return target;
}
