// What Node has loaded, Vitest cannot replace or load again, and would not say so.
import { vi } from 'vitest';

function refuse(): never {
  throw new Error(
    'Only files that always run the sources can do this: name the file in SOURCES_ONLY of vitest.config.ts',
  );
}

Object.assign(vi, { resetModules: refuse, mock: refuse, doMock: refuse });
