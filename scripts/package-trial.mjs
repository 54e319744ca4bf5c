// Uses the package where nothing else is: only what it declares, and an Express and a Redis client beside it.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs programs to their end and returns what they printed; failures, for which it returns nothing, go to `problems`. */
export function collecting(problems, env = process.env) {
  return (title, command, args, cwd = root) => {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status === 0) return stdout;
    problems.push(`${title} failed:\n${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}`);
    return undefined;
  };
}

/** Packs what is built; returns npm's description of the tarball. */
export function pack(run, folder) {
  // The scripts would build again what is checked here.
  const listing = run('npm pack', 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]);
  if (listing === undefined) return undefined;
  const [description] = Object.values(JSON.parse(listing));
  return { ...description, tarball: join(folder, description.filename) };
}

/** Installs a tarball into a new folder; returns whether it could. */
export function install(run, tarball, folder) {
  mkdirSync(folder);
  cpSync(join(root, 'scripts/package-smoke'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "package-smoke", "private": true }\n');
  const { express, redis } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies;
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock'];
  const packages = [tarball, `express@${express}`, `redis@${redis}`];
  return run('npm install of the tarball', 'npm', ['install', ...flags, ...packages], folder) !== undefined;
}

/** Runs the programs that use the package, on a version of Node that is given by its path. */
export function tryOut(run, folder, node = process.execPath) {
  run('The program that imports the package', node, ['import.mjs'], folder);
  const canRequire = run('Node', node, ['-p', 'process.features.require_module === true'], folder);
  if (canRequire?.trim() !== 'true') return;
  run('The program that requires the package', node, ['--no-warnings', 'require.cjs'], folder);
}
