import { MemoryEnvironment } from './memory-environment.ts';
import { searchWith, type Found, type Search } from './search.ts';

/** Looks for a broken promise in memory. A module of its own: to bundle what speaks to servers takes as long again. */
export function search(what: Search): Promise<Found> {
  return searchWith(new MemoryEnvironment(), what);
}
