/** Where the package's public modules are when they are built, by their public names; relative to the package's root. */
export declare const builtModules: ReadonlyMap<string, string>;

/** Likewise, where their sources are. */
export declare const sourceModules: ReadonlyMap<string, string>;

/** Returns what leads Vite from the public names to one or the other. */
export declare function aliasesOf(
  modules: ReadonlyMap<string, string>,
): { readonly find: RegExp; readonly replacement: string }[];
