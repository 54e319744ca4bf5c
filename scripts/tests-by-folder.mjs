// Which tests concern a file, by the folder that it is in. The first line that matches counts.
const MEMORY_STORE = ['test/contract/stores/memory.test.ts', 'test/contract/stores/memory-bounds.test.ts'];
const WHOLE_REQUESTS = ['test/contract/consistency/memory.test.ts', 'test/contract/adapters/node.test.ts'];
const CORE = ['test/unit', ...WHOLE_REQUESTS];
const REDIS = ['test/unit/redis', 'test/contract/stores/redis.test.ts', 'test/integration/command-counts.test.ts'];
const ADAPTERS = ['express', 'fastify', 'koa', 'hono', 'fetch', 'context'];
const EVERY_ADAPTER = ['test/adapters', 'test/contract/adapters'];

const TESTS = [
  ...ADAPTERS.map((name) => [
    new RegExp(`^src/adapters/${name}\\b`),
    [`test/contract/adapters/${name}.test.ts`, `test/adapters/${name}.test.ts`],
  ]),
  [/^src\/adapters\//, EVERY_ADAPTER],
  [/^src\/testing\/store\//, MEMORY_STORE],
  [/^src\/testing\/adapter\//, ['test/contract/adapters']],
  [/^src\/stores\/memory\//, ['test/unit/memory', ...MEMORY_STORE, WHOLE_REQUESTS[0]]],
  [/^src\/stores\/redis\//, REDIS],
  [/^src\/stores\//, [...MEMORY_STORE, ...REDIS]],
  [/^src\/cli\//, ['test/cli/command-line.test.ts', 'test/cli/sessions.test.ts']],
  [/^src\/otel\//, ['test/otel']],
  [/^src\/dashboard\//, ['test/dashboard']],
  ...['express-session', 'express-store', 'migrate'].map((name) => [
    new RegExp(`^src/compat/${name}/`),
    [`test/compat/${name}`],
  ]),
  [/^src\/cookie\//, ['test/unit', WHOLE_REQUESTS[1], 'test/adapters/final-gate.test.ts']],
  [/^src\//, [...CORE, 'test/docs/session.test.ts', 'test/docs/events.test.ts', 'test/docs/tables.test.ts']],
  [/^docs\/add-a-store\.md$/, ['test/docs/add-a-store.test.ts']],
  [/^docs\/add-an-adapter\.md$/, ['test/docs/add-an-adapter.test.ts']],
  [/^docs\/operations\.md$/, ['test/docs/operations.test.ts']],
  [/^docs\/deployment\.md$/, ['test/docs/when-redis-fails.test.ts']],
  [/^docs\/cryptography\.md$/, ['test/docs/cryptography.test.ts']],
  [/^(?:docs\/.*|[^/]*)\.md$/, ['test/docs/tables.test.ts', 'test/docs/security.test.ts', 'test/docs/session.test.ts']],
];

/** Tests that take minutes, and the sources that they are about. */
const SLOW = [
  [/^src\/(?:engine|session|stores)\//, 'test/model'],
  [/^src\/stores\/redis\//, 'test/cluster, test/faults, test/integration'],
  [/^(?:src\/(?:adapters|dashboard)|demo)\//, 'test/browser, test/integration/processes'],
  [/^docs\/deployment\.md$/, 'test/docs/shutdown.test.ts'],
];

/** Tests that run within seconds, so that they run when they were changed themselves. */
const QUICK_TEST = /^test\/(?:unit|contract|adapters|docs|cli|compat|otel|dashboard)\/.*\.test\.ts$/;

/**
 * Returns the quick tests for some files, whether the documentation has to be checked, and the slow tests that concern
 * them.
 */
export function testsFor(files) {
  const tests = new Set();
  const slow = new Set();
  for (const file of files) {
    if (QUICK_TEST.test(file)) tests.add(file);
    for (const path of TESTS.find(([pattern]) => pattern.test(file))?.[1] ?? []) tests.add(path);
    for (const [pattern, path] of SLOW) if (pattern.test(file)) slow.add(path);
  }
  // A folder includes its files.
  const paths = [...tests].filter((path) => ![...tests].some((other) => path.startsWith(`${other}/`)));
  const byName = (a, b) => (a < b ? -1 : 1);
  return {
    tests: paths.toSorted(byName),
    docs: files.some((file) => file.endsWith('.md')),
    slow: [...slow].toSorted(byName),
  };
}
