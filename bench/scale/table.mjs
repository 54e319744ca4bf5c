import { median, quantile } from '../lib/report.mjs';

export function table(heads, rows) {
  const rule = heads.map((_, at) => (at === 0 ? '---' : '--:'));
  return `${[heads, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

/** The median, and half the distance between the quartiles. */
export function spread(numbers, digits = 0) {
  const half = (quantile(numbers, 0.75) - quantile(numbers, 0.25)) / 2;
  return `${median(numbers).toFixed(digits)} ± ${half.toFixed(digits)}`;
}

export function whole(number) {
  return Math.round(number).toLocaleString('en-GB');
}

export { median };
