import { MemoryEnvironment } from './memory-environment.ts';
import { searchWith, type Found, type Search } from './search.ts';

/** Looks for a broken promise in memory. A module of its own, which loads no client of a server. */
export function search(what: Search): Promise<Found> {
  return searchWith(new MemoryEnvironment(), what);
}
