import { sanitizeForMessage } from './validate.ts';

/** Returns a step into a value as JavaScript writes it: `.name`, `['a name']` or `[0]`. Of a long name, its beginning. */
export function pathStep(key: PropertyKey): string {
  if (typeof key === 'number') return `[${key}]`;
  const name = String(key);
  return /^[a-z_$][\w$]*$/i.test(name) ? `.${sanitizeForMessage(name)}` : `['${sanitizeForMessage(name)}']`;
}

/** Returns the path of an issue, from the value that was validated; empty for that itself. */
export function pathOf(path: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined): string {
  return (path ?? []).map((step) => pathStep(typeof step === 'object' ? step.key : step)).join('');
}
