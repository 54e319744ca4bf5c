/** Where the sources of the package's public modules are, by their public names; relative to the package's root. */
export declare const sourceModules: ReadonlyMap<string, string>;
