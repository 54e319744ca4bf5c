// Turns the Lua operations of the Redis store, and those of the migration, into one TypeScript module each, so that the
// published package reads no files at run time and knows the SHA-1 of every script before it meets a server.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = 'src/stores/redis/lua';

/** What is generated; operations of all of them may include the snippets of the store. */
const MODULES = [
  { from: FOLDER, file: 'src/stores/redis/scripts.generated.ts', parts: true },
  { from: 'src/compat/migrate/lua', file: 'src/compat/migrate/scripts.generated.ts', parts: false },
];

export class LuaError extends Error {}

const readFromDisk = (file) => readFileSync(join(root, file), 'utf8');

/**
 * Returns the text of each module, by its path.
 * @param read returns the text of a file; all paths are relative to the package's root
 * @throws {LuaError} when a source cannot be turned into one
 */
export function generateLuaModules(read = readFromDisk) {
  return new Map(MODULES.map((module) => [module.file, generate(module, read)]));
}

/** Reads every `.lua` file of the folder; none at all is an empty module, not an error. */
function readSources(from, read) {
  let names;
  try {
    names = readdirSync(join(root, from));
  } catch (error) {
    if (error.code === 'ENOENT') return new Map();
    throw error;
  }
  const sources = names.filter((name) => name.endsWith('.lua')).toSorted();
  return new Map(sources.map((name) => [name.slice(0, -'.lua'.length), read(`${from}/${name}`)]));
}

/** Replaces every `-- @include _name` line by that snippet, and drops the comments and the blank lines. */
function expand(name, sources, including = []) {
  if (including.includes(name)) {
    throw new LuaError(`${name}.lua includes itself: ${[...including, name].join(' > ')}.`);
  }
  return sources
    .get(name)
    .split(/\r?\n/)
    .flatMap((line, index) => {
      const here = `${name}.lua:${index + 1}`;
      const included = /^\s*--\s*@include\s+(\S+)\s*$/.exec(line)?.[1];
      if (included !== undefined) {
        if (!included.startsWith('_') || !sources.has(included)) {
          throw new LuaError(`${here}: there is no snippet ${included}.lua.`);
        }
        return expand(included, sources, [...including, name]);
      }
      if (/--\[=*\[/.test(line)) {
        throw new LuaError(`${here}: write comments as lines that begin with --, a block comment cannot be stripped.`);
      }
      return /^\s*(--.*)?$/.test(line) ? [] : [line.trimEnd()];
    });
}

/**
 * Drops the functions of snippets that an operation does not call: a server makes all functions of a script whenever it
 * runs.
 */
function withoutUnusedFunctions(source) {
  for (const [text, name] of source.matchAll(/^local function (\w+)\(.*\n(?:.*\n)*?end\n/gm)) {
    const rest = source.replace(text, '');
    if (!new RegExp(`\\b${name}\\b`).test(rest)) return withoutUnusedFunctions(rest);
  }
  return source;
}

/** Checks the header of an operation, which is its contract: callers read it instead of the code. */
function checkHeader(name, source) {
  const header = /^(?:\s*--.*\n)*/.exec(source)[0];
  for (const word of ['KEYS', 'ARGV', 'Returns']) {
    if (!header.includes(word)) {
      throw new LuaError(`${name}.lua: the opening comment must say ${word} ("none" where there are none).`);
    }
  }
}

/** What runs around an operation in the same step: see `lua/ends/_publish.lua` and `lua/audit/_audit.lua`. */
function readParts(subfolder, read) {
  const sources = readSources(`${FOLDER}/${subfolder}`, read);
  return [...sources.keys()].map((name) => ({
    key: name.replace('_', '').replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase()),
    literal: toLiteral(`${expand(name, sources).join('\n')}\n`),
  }));
}

function toLiteral(source) {
  return source.replaceAll(/[\\`]|\$\{/g, String.raw`\$&`);
}

function generate({ from, parts }, read) {
  const sources = readSources(from, read);
  const operations = [...sources.keys()].filter((name) => !name.startsWith('_'));
  for (const [name, source] of readSources(FOLDER, read)) if (name.startsWith('_')) sources.set(name, source);
  const entries = operations.map((name) => {
    checkHeader(name, sources.get(name));
    const source = withoutUnusedFunctions(`${expand(name, sources).join('\n')}\n`);
    const key = name.replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase());
    return { key, sha: createHash('sha1').update(source).digest('hex'), literal: toLiteral(source) };
  });
  return `// Generated from lua/*.lua by scripts/build-lua.mjs: edit those, then run \`npm run build\`.

/** A Lua script and the name that EVALSHA knows it by. */
export interface Script {
  /** SHA-1 of \`source\`, in hexadecimal. */
  readonly sha: string;
  readonly source: string;
}

export type ScriptName = ${entries.map(({ key }) => `'${key}'`).join(' | ') || 'never'};

export const scripts: Readonly<Record<ScriptName, Script>> = {
${entries.map(({ key, sha, literal }) => `  ${key}: {\n    sha: '${sha}',\n    source: \`${literal}\`,\n  },\n`).join('')}};
${parts ? partsModule(read) : ''}`;
}

function partsModule(read) {
  return `
/** Parts that run after a script in the same step. */
type ScriptParts = Readonly<Partial<Record<ScriptName, string>>>;

/** What publishes the ends that a script has made: \`publish\` runs before all of them, the others after the script. */
export const endPublishers: ScriptParts & { readonly publish: string } = {
${partLines('ends', read)}};

/**
 * What writes the audit trail: \`audit\` runs before all of them, \`check\` before those that are sure to write, the others
 * after the script, and \`finish\` last.
 */
export const auditWriters: ScriptParts & { readonly audit: string; readonly check: string; readonly finish: string } = {
${partLines('audit', read)}};
`;
}

function partLines(subfolder, read) {
  return readParts(subfolder, read)
    .map(({ key, literal }) => `  ${key}: \`${literal}\`,\n`)
    .join('');
}
