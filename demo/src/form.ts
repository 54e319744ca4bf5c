import type { Request } from 'express';

/** A field of the form that was sent; empty when there is none, or several of that name. */
export function field(req: Request, name: string): string {
  const form = (req.body ?? {}) as Record<string, unknown>;
  const value = form[name];
  return typeof value === 'string' ? value : '';
}
