// Writes the modules of the Lua operations.
//
//   node scripts/build-lua.mjs            write them
//   node scripts/build-lua.mjs --check    fail when one on disk is stale
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateLuaModules, LuaError } from './lua-modules.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

try {
  for (const [file, text] of generateLuaModules()) {
    const output = join(root, file);
    if (existsSync(output) && readFileSync(output, 'utf8') === text) continue;
    if (process.argv.includes('--check')) throw new LuaError(`${file} is stale: run \`npm run build\` and commit it.`);
    writeFileSync(output, text);
  }
} catch (error) {
  if (!(error instanceof LuaError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
