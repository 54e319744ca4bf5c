import type { Html } from './html.ts';

/** Nothing but the dashboard's own files: no inline script or style, no frame, no form to elsewhere. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
};

export function respond(body: string | ReadableStream | null, type: string, status = 200, more = {}): Response {
  return new Response(body, { status, headers: { ...HEADERS, 'content-type': type, ...more } });
}

export function page(content: Html, status = 200): Response {
  return respond(content.toString(), 'text/html; charset=utf-8', status);
}

export function redirect(to: string): Response {
  return new Response(null, { status: 303, headers: { ...HEADERS, location: to } });
}

/** The one response to everything that a visitor may not see or do. */
export function denied(): Response {
  return respond('Not found\n', 'text/plain; charset=utf-8', 404);
}
