import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/**
 * What importing a module costs: bytes of it and all that it imports, our dependencies included and the peers not,
 * minified and compressed.
 */
export async function measure(root, entry, peers) {
  const { output } = await build({
    root,
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true, external: peers },
    build: {
      ssr: true,
      write: false,
      minify: true,
      target: 'es2023',
      // Every export is kept, as in an application that uses all of them.
      rolldownOptions: { input: join(root, entry), preserveEntrySignatures: 'strict' },
    },
  });
  return output
    .filter(({ type }) => type === 'chunk')
    .reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
}
