export function median(numbers) {
  return quantile(numbers, 0.5);
}

export function quantile(numbers, q) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at % 1);
}

/** One row for each framework, workload and kind: medians over the rounds, and the tax beyond no session. */
export function summarise(results) {
  const groups = Map.groupBy?.(results, keyOf) ?? groupBy(results);
  const rows = [...groups.values()].map((runs) => {
    const { framework, kind, workload } = runs[0];
    const of = (name) => runs.map((run) => run[name]);
    if (workload === 'parallel') {
      const sum = (name) => of(name).reduce((total, value) => total + value, 0);
      return { framework, kind, workload, p99: median(of('p99')), written: sum('written'), expected: sum('expected') };
    }
    const spread = (quantile(of('cpu'), 0.75) - quantile(of('cpu'), 0.25)) / 2;
    return {
      framework,
      kind,
      workload,
      cpu: median(of('cpu')),
      spread,
      perSecond: median(of('perSecond')),
      p50: median(of('p50')),
      p99: median(of('p99')),
    };
  });
  for (const row of rows) {
    const bare = rows.find((other) => other.kind === 'none' && keyOf({ ...other, kind: row.kind }) === keyOf(row));
    if (bare !== undefined) row.tax = row.cpu - bare.cpu;
  }
  return rows;
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
      `## ${section}\n\n| sessions | CPU µs/request | ± | tax µs | of the floor's | of the peer's | requests/s | p50 ms | p99 ms |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|`,
      ...own.map((row) => {
        const ratio = (kind) => (row.kind === 'none' || !(tax(kind) > 0) ? '' : format(row.tax / tax(kind), 2));
        return `| ${row.kind} | ${format(row.cpu)} | ${format(row.spread)} | ${format(row.tax)} | ${ratio('floor')} | ${ratio('peer')} | ${format(row.perSecond)} | ${format(row.p50, 1)} | ${format(row.p99, 1)} |`;
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
