import { fileURLToPath } from 'node:url';
import manifest from '../package.json' with { type: 'json' };

/** Where the package's public modules are when they are built, by their public names; relative to the package's root. */
export const builtModules = new Map(
  Object.entries(manifest.exports).flatMap(([subpath, target]) =>
    typeof target === 'string' ? [] : [[manifest.name + subpath.slice(1), target.default.replace('./', '')]],
  ),
);

/** Likewise, where their sources are. */
export const sourceModules = new Map(
  [...builtModules].map(([name, path]) => [name, path.replace(/^dist(.*)js$/, 'src$1ts')]),
);

/** Returns what leads Vite from the public names to one or the other. */
export function aliasesOf(modules) {
  return [...modules].map(([name, path]) => ({
    find: new RegExp(`^${name}$`),
    replacement: fileURLToPath(new URL(`../${path}`, import.meta.url)),
  }));
}
