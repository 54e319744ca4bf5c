// An application that uses one adapter loads that one, and nothing of the others and of their frameworks.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { transformWithOxc } from 'vite';

const source = fileURLToPath(new URL('../../src', import.meta.url));

/** What an adapter may load of `src/adapters` besides its own file and folder, and of other packages. */
interface Loaded {
  /** Folders, and files that are adapters, too, on which it is built. */
  readonly shared: readonly string[];
  readonly packages: readonly string[];
}

const NODE: Loaded = { shared: ['node'], packages: [] };
const FETCH: Loaded = { shared: ['fetch'], packages: [] };
const CONTEXT: Loaded = { shared: ['context.ts', 'fetch'], packages: [] };
const ADAPTERS: Readonly<Record<string, Loaded>> = {
  express: NODE,
  fastify: NODE,
  koa: NODE,
  node: NODE,
  nitro: NODE,
  // Which of the two is below, Nest says when it starts.
  nest: { shared: ['express.ts', 'fastify', 'fastify.ts', 'node'], packages: ['@nestjs/common', '@nestjs/core'] },
  fetch: FETCH,
  // On @hono/node-server, the response is Node's.
  hono: { shared: ['fetch', 'node'], packages: [] },
  next: { shared: ['fetch'], packages: ['next/headers.js', 'next/server.js'] },
  context: FETCH,
  // The parts of which applications make adapters of their own.
  adapter: { shared: ['fetch', 'node'], packages: [] },
  astro: CONTEXT,
  elysia: CONTEXT,
  'react-router': CONTEXT,
  sveltekit: CONTEXT,
  h3: { ...CONTEXT, packages: ['h3'] },
  socketio: { shared: ['node', 'sockets'], packages: [] },
  ws: { shared: ['fetch', 'node', 'sockets'], packages: [] },
};
const FOLDERS = ['fetch', 'node', 'sockets'];

/** Returns what a module imports when it runs, without its types: files by their paths, packages by their names. */
async function importsOf(file: string): Promise<string[]> {
  const { code } = await transformWithOxc(readFileSync(file, 'utf8'), file, { sourcemap: false });
  const specifiers = [...code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']/g)].map(([, name]) => name!);
  return specifiers.map((name) => (name.startsWith('.') ? join(dirname(file), name) : name));
}

/** Returns everything that an adapter loads, by paths in `src/` and by packages. */
async function graphOf(adapter: string): Promise<Set<string>> {
  const loaded = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    if (loaded.has(name)) return;
    loaded.add(name);
    if (name.startsWith(source)) for (const imported of await importsOf(name)) await visit(imported);
  };
  await visit(join(source, 'adapters', `${adapter}.ts`));
  return new Set([...loaded].map((name) => (name.startsWith(source) ? relative(source, name) : name)));
}

/** Returns the adapter or shared folder that a file belongs to; `undefined` for what is common to all. */
function placeOf(file: string): string | undefined {
  const [top, place = ''] = file.split('/');
  if (top !== 'adapters') return undefined;
  if (FOLDERS.includes(place)) return place;
  return Object.hasOwn(ADAPTERS, place.replace(/\.ts$/, '')) ? place : undefined;
}

test('the list has all adapters of the package', () => {
  const { exports } = JSON.parse(readFileSync(join(source, '../package.json'), 'utf8')) as {
    exports: Record<string, { default?: string }>;
  };
  const files = Object.values(exports).flatMap(
    (each) => /dist\/adapters\/(.*)\.js$/.exec(each.default ?? '')?.[1] ?? [],
  );
  assert.deepEqual(files.toSorted(), Object.keys(ADAPTERS).toSorted());
});

describe('loads nothing of other adapters', () => {
  test.each(Object.entries(ADAPTERS))('%s', async (adapter, { shared, packages }) => {
    const graph = [...(await graphOf(adapter))];
    expect(graph).toContain(join('engine', 'commit.ts'));
    const places = new Set(graph.map(placeOf).filter((place) => place !== undefined));
    const own = FOLDERS.includes(adapter) ? [`${adapter}.ts`] : [`${adapter}.ts`, adapter];
    expect([...places].filter((place) => !own.includes(place)).toSorted()).toEqual(shared);
    const others = graph.filter((name) => !name.endsWith('.ts') && !name.startsWith('node:') && name !== 'cookie');
    expect(others.filter((name) => !isStoreClient(name)).toSorted()).toEqual(packages);
    expect(graph.filter((name) => /^(?:cli|compat|otel|testing)\//.test(name))).toEqual([]);
  });
});

/** Clients of Redis are imported when a factory has the option `redis`. */
function isStoreClient(name: string): boolean {
  return ['redis', 'ioredis'].includes(name);
}
