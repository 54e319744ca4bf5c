/** What the store contract can check beside the operations that every store has: the memory store and Redis have it all. */
export const EVERY_CAPABILITY = {
  owners: true,
  index: true,
  scan: true,
  explains: true,
  watches: true,
  audit: true,
  stats: true,
  events: true,
} as const;
