import { requestAdoption } from '../../engine/owner-adoption.ts';
import { stateOf } from '../../session/dict.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import type { NormalizedOptions } from './options.ts';
import { normalizeOwner } from './owner-id.ts';

type Inner = WebsaunaSession<Record<string, unknown>>;

/**
 * Makes the session its owner's, as the option says: by a login, with another id, when it has one that it had not
 * before. When it has no owner any longer, it ends, and its fields go on in another one. Called before the fields are
 * written, so that all of them are carried over.
 *
 * @param known whose session it was when it was loaded: if the store does not know, the old id stays valid for a while
 * @returns whether the session goes on as another one without an owner
 */
export function applyOwner(
  inner: Inner,
  session: object,
  { owner: ownerOf }: NormalizedOptions,
  known: string | null,
): boolean {
  if (ownerOf === null) return false;
  const state = stateOf(inner);
  const { epoch, record } = state;
  const owner = normalizeOwner(ownerOf(session));
  const stored = record?.meta.owner ?? null;
  const { login } = epoch.pending;
  if (owner === stored) {
    epoch.pending.login = null;
    return false;
  }
  if (owner !== null) {
    if (stored === null && record !== null && owner === known) requestAdoption(state, owner, record.meta.createdAt);
    else if (login?.owner !== owner) inner.login(owner);
    return false;
  }
  inner.logout();
  return true;
}
