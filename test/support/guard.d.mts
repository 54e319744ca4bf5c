import type { ChildProcess } from 'node:child_process';

/** Ends `child` when this process ends, however it ends: by `process.exit`, by a signal, by SIGKILL too. */
export declare function guard(child: ChildProcess): void;
