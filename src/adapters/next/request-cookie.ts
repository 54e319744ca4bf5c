import type { ResponseCookie } from '../../exchange.ts';

/** Returns the `Cookie` header that the browser is going to send once it has the cookie; empty for no cookies. */
export function withCookie(header: string | null, { name, value }: ResponseCookie): string {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  const others = pairs.filter((pair) => pair !== '' && pair.split('=', 1)[0]!.trim() !== name);
  return [...others, ...(value === '' ? [] : [`${name}=${value}`])].join('; ');
}
