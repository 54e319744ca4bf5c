export declare const sourceModules: ReadonlyMap<string, string>;

export declare const sourceAliases: readonly { readonly find: RegExp; readonly replacement: string }[];
