import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../../demo/public/style.css', import.meta.url), 'utf8');
const [light, dark] = [...css.matchAll(/:root \{(.*?)\}/gs)].map(
  ([, block = '']) =>
    new Map([...block.matchAll(/--([\w-]+): (#[\da-f]+);/g)].map(([, name = '', value = '']) => [name, value])),
);

/** Text, and what it stands on. */
const PAIRS = {
  ink: ['page', 'surface', 'sunken', 'glow'],
  muted: ['page', 'surface', 'sunken', 'glow'],
  accent: ['page', 'surface', 'accent-soft', 'glow'],
  'on-accent': ['accent', 'accent-strong'],
  good: ['good-soft'],
  warn: ['warn-soft'],
  danger: ['surface'],
  page: ['danger'],
};

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string): number {
  const digits = colour.length === 4 ? colour.slice(1).replaceAll(/./g, '$&$&') : colour.slice(1);
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => {
    const part = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe.each([
  ['light', light],
  ['dark', dark],
])('the %s colours', (_scheme, colours) => {
  const pairs = Object.entries(PAIRS).flatMap(([text, grounds]) => grounds.map((ground) => [text, ground] as const));

  it.each(pairs)('let %s be read on %s', (...pair) => {
    const [dim = 0, bright = 0] = pair.map((name) => luminance(colours?.get(name) ?? '')).toSorted((a, b) => a - b);
    expect((bright + 0.05) / (dim + 0.05)).toBeGreaterThanOrEqual(4.5);
  });
});
