import { UsageError } from './command.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 };

/**
 * Returns the seconds of a text such as `1200`, `90m`, `12h` or `30d`.
 * @throws {UsageError} for any other text
 */
export function parseDuration(option: string, text: string): number {
  const [, digits, unit = ''] = /^(\d{1,12})([smhd]?)$/.exec(text) ?? [];
  if (digits !== undefined) return Number(digits) * UNITS[unit]!;
  throw new UsageError(`Expected --${option} to be seconds, or a number with m, h or d after it, such as 30d`);
}
