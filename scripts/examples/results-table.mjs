// The table of docs/frameworks.md that says what was played on which example, and how it went.
import { readFileSync, writeFileSync } from 'node:fs';

const BEGIN = '<!-- examples: begin -->\n';
const END = '<!-- examples: end -->\n';
const HEAD = ['Application', 'With', 'Command', 'In memory', 'On Redis', 'Hot reload'];

const toLine = (cells) => `| ${cells.join(' | ')} |`;
const nameIn = (line) => /^\| \[([^\]]+)\]/.exec(line)?.[1];

/** Returns the row of an example, from the results of all its runs. */
export function toRow(name, { dependencies, devDependencies, config }, runs) {
  const versions = { ...dependencies, ...devDependencies };
  const packages = config.packages.map((each) => `${each} ${versions[each]}`).join(', ');
  const played = runs.filter(({ mode }) => mode !== 'dev');
  const commands = [...new Set(played.map(({ mode }) => `\`npm run ${mode}\``))].join(', ');
  const counted = (store) => sumOf(played.filter((run) => run.store === store));
  return [
    `[${name}](../examples/${name})`,
    packages,
    commands,
    counted('memory'),
    counted('Redis'),
    reloaded(config, runs),
  ];
}

/** Says whether edits in development keep the session. */
function reloaded({ hotReload }, runs) {
  const edits = runs.filter(({ mode }) => mode === 'dev');
  if (edits.length === 0) return '-';
  if (edits.some(({ passed }) => passed === 0)) return 'fails';
  return hotReload.restarts === true ? 'kept on Redis' : 'kept';
}

function sumOf(runs) {
  const passed = runs.reduce((sum, run) => sum + run.passed, 0);
  const total = runs.reduce((sum, run) => sum + run.total, 0);
  return `${passed} of ${total}`;
}

export function tableOf(rows) {
  return [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `${toLine(cells)}\n`).join('');
}

/** Writes the rows into the page, in the place of those of the same applications. */
export function writeTable(file, rows) {
  const text = readFileSync(file, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
  const lines = new Map(rows.map((row) => [nameIn(toLine(row)), toLine(row)]));
  const present = text
    .slice(begin, end)
    .split('\n')
    .filter((line) => nameIn(line) !== undefined);
  for (const line of present) if (!lines.has(nameIn(line))) lines.set(nameIn(line), line);
  const body = [...lines].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => `${line}\n`);
  writeFileSync(file, `${text.slice(0, begin)}\n${tableOf([])}${body.join('')}\n${text.slice(end)}`);
}
