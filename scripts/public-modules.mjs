import { fileURLToPath } from 'node:url';
import manifest from '../package.json' with { type: 'json' };

/** Where the sources of the package's public modules are, by their public names; relative to the package's root. */
export const sourceModules = new Map(
  Object.entries(manifest.exports).flatMap(([subpath, target]) =>
    typeof target === 'string'
      ? []
      : [[manifest.name + subpath.slice(1), target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')]],
  ),
);

/** What leads Vite from the public names to the sources. */
export const sourceAliases = [...sourceModules].map(([name, path]) => ({
  find: new RegExp(`^${name}$`),
  replacement: fileURLToPath(new URL(`../${path}`, import.meta.url)),
}));
