export function median(numbers) {
  return quantile(numbers, 0.5);
}

export function quantile(numbers, q) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at % 1);
}

/**
 * One row for each framework, workload and kind: medians over the rounds. The tax is the median of what each round
 * says, so that a machine which is slower for some minutes is slower with and without sessions.
 */
export function summarise(results) {
  const groups = Map.groupBy?.(results, keyOf) ?? groupBy(results);
  return [...groups.values()].map((runs) => {
    const { framework, kind, workload } = runs[0];
    const of = (name) => runs.map((run) => run[name]);
    if (workload === 'parallel') {
      const sum = (name) => of(name).reduce((total, value) => total + value, 0);
      return { framework, kind, workload, p99: median(of('p99')), written: sum('written'), expected: sum('expected') };
    }
    const taxes = runs.flatMap((run) => {
      const bare = results.find(
        (other) => other.round === run.round && other.kind === 'none' && keyOf({ ...other, kind }) === keyOf(run),
      );
      return bare === undefined ? [] : [run.cpu - bare.cpu];
    });
    return {
      framework,
      kind,
      workload,
      cpu: median(of('cpu')),
      tax: median(taxes),
      spread: (quantile(taxes, 0.75) - quantile(taxes, 0.25)) / 2,
      perSecond: median(of('perSecond')),
      p50: median(of('p50')),
      p99: median(of('p99')),
    };
  });
}

function keyOf({ framework, workload, kind }) {
  return `${framework} ${workload} ${kind}`;
}

function groupBy(results) {
  const groups = new Map();
  for (const result of results) groups.set(keyOf(result), [...(groups.get(keyOf(result)) ?? []), result]);
  return groups;
}

const format = (number, digits = 0) => (number === undefined ? '' : number.toFixed(digits));

/** Markdown: a table for each framework and workload. */
export function tables(rows, machine) {
  const parts = [`# Session tax\n\n${machine}. CPU time of the server process, user and system.\n`];
  const sections = new Set(
    rows.filter(({ workload }) => workload !== 'parallel').map((row) => `${row.framework}, ${row.workload}`),
  );
  for (const section of sections) {
    const own = rows.filter((row) => `${row.framework}, ${row.workload}` === section);
    const tax = (kind) => own.find((row) => row.kind === kind)?.tax;
    parts.push(
      `## ${section}\n\n| sessions | CPU µs/request | tax µs | ± | of the baseline's | of the peer's | requests/s | p50 ms | p99 ms |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|`,
      ...own.map((row) => {
        const ratio = (kind) => (row.kind === 'none' || !(tax(kind) > 0) ? '' : format(row.tax / tax(kind), 2));
        return `| ${row.kind} | ${format(row.cpu)} | ${format(row.tax)} | ${format(row.spread)} | ${ratio('baseline')} | ${ratio('peer')} | ${format(row.perSecond)} | ${format(row.p50, 1)} | ${format(row.p99, 1)} |`;
      }),
      '',
    );
  }
  const parallel = rows.filter(({ workload }) => workload === 'parallel');
  if (parallel.length > 0) {
    parts.push('## 32 parallel changes of one session\n\n| sessions | p99 ms | writes kept |\n|---|--:|--:|');
    parts.push(
      ...parallel.map((row) => `| ${row.kind} | ${format(row.p99, 1)} | ${row.written} of ${row.expected} |`),
      '',
    );
  }
  return parts.join('\n');
}
