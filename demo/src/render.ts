import type { Request, Response } from 'express';
import { SESSION_INVALIDATED } from 'websauna-session';
import { layout, type View } from './views/layout.ts';
import type { Message } from './views/message.ts';

/** Sends a page of the visitor's own: who is logged in, and the messages that wait, each shown once. */
export function render(req: Request, res: Response, view: View): void {
  const messages: Message[] = [
    ...req.session.popFlash('warning').map((text) => ({ kind: 'warning' as const, text: String(text) })),
    ...req.session.popFlash().map(messageOf),
  ];
  const visitor = { user: req.user, session: req.session };
  res.send(layout(view, { path: req.path, visitor, messages }).toString());
}

/** The library leaves one message of its own: when `invalidateBefore` has ended the session. */
function messageOf(flash: unknown): Message {
  if (flash !== SESSION_INVALIDATED) return { kind: 'notice', text: String(flash) };
  return {
    kind: 'warning',
    text: 'Your password was changed on another device, so this one was logged out. Log in with the new password to continue.',
  };
}
