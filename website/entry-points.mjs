/** Returns the subpaths of a package's `exports`, each with the source file that it is built from. */
export function entryPoints({ name, exports }) {
  return Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath, { types }]) => ({
      subpath,
      specifier: name + subpath.slice(1),
      page: subpath === '.' ? 'main' : subpath.slice(2),
      source: types.replace('./dist/', 'src/').replace(/\.d\.ts$/, '.ts'),
    }));
}
