/** Runs a program to its end, and returns what it printed; `undefined` when it failed. */
export type Run = (title: string, command: string, args: readonly string[], cwd?: string) => string | undefined;

/** Failures go to `problems`. */
export function collecting(problems: string[]): Run;
/** Packs what is built into `folder`; `undefined` when that failed. */
export function pack(run: Run, folder: string): { readonly tarball: string } | undefined;
/** Installs a tarball into a new folder; returns whether it could. */
export function install(run: Run, tarball: string, folder: string): boolean;
/** Runs the programs that use the package, on a version of Node that is given by its path. */
export function tryOut(run: Run, folder: string, node?: string): void;
