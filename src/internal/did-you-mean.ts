/**
 * Returns the known name that an unknown one was probably meant to be; `undefined` when none is close. Case,
 * underscores, hyphens and dots do not count, so that `cookie_name` finds `cookie.name`.
 */
export function suggestName(name: string, known: Iterable<string>): string | undefined {
  const wanted = normalizeName(name);
  let best: string | undefined;
  // About one letter in three may be wrong; beyond that a suggestion confuses more than it helps.
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, normalizeName(candidate), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** An unknown name can be of any length; only its beginning can resemble a known one. */
const MAX_COMPARED_LENGTH = 64;

function normalizeName(name: string): string {
  return name.slice(0, MAX_COMPARED_LENGTH).toLowerCase().replaceAll(/[-_.]/g, '');
}

/** Returns the Levenshtein distance, neighbours swapped counting once; `limit` when it is that or more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforePrevious[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforePrevious = previous;
    previous = row;
  }
  return Math.min(previous[b.length]!, limit);
}
