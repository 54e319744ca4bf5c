// The programs outside npm that the tests need, and where this machine has them.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function program(variable, ...names) {
  const chosen = process.env[variable];
  if (chosen) return isExecutable(chosen) ? chosen : undefined;
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** Each returns the program's path, or `undefined` where the machine has none. */
export const programs = {
  redisServer: () => program('REDIS_SERVER', 'redis-server', 'valkey-server'),
  chromium: () =>
    program(
      'CHROMIUM_PATH',
      'chromium-headless-shell',
      'chromium',
      'chromium-browser',
      'google-chrome-stable',
      'google-chrome',
    ),
  openssl: () => program('OPENSSL', 'openssl'),
  curl: () => program('CURL', 'curl'),
  bash: () => program('BASH_PROGRAM', 'bash'),
};
