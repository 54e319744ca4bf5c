import { Model, type Place, type Session, type Steps } from './model.ts';
import type { Request } from './request.ts';

/** Seconds that a login across slots may take. */
const TRIAL = 15;

/**
 * What sessions promise on a cluster, where a session without an owner, and each owner's sessions, have a slot
 * of their own. A session cannot change its slot in one moment: first there is the new one, which nobody has
 * been told of, and then there is the old one no more. All else is as it is everywhere.
 */
export class ClusterModel extends Model {
  protected override *relocate(request: Request): Steps<Place | undefined> {
    const { owner, login } = request;
    const crosses = owner === null || (login !== null && login !== owner);
    return yield* crosses ? this.#moveAcross(request) : super.relocate(request);
  }

  *#moveAcross(request: Request): Steps<Place | undefined> {
    for (;;) {
      request.sent = request.changes;
      const id = this.newId();
      request.target = id;
      const taken = yield 'copy';
      const before = this.at(request.id!);
      // There is nothing to copy; if there is, this waits in vain for the copy.
      if (taken!.operation === 'rekey' && before?.is !== 'session') return before;
      // C8: the owner's limit counts the copy, from the start.
      if (request.login !== null && this.#isFull(request.login)) yield 'rekey';
      const copy = this.#copy(request);
      // C2: what others write meanwhile makes the copy useless, and another one is made, with another id.
      const retired = yield 'retire';
      const old = this.at(request.id!);
      if (old?.is !== 'session' || retired!.status === 'conflict') {
        // C1 and C6: of what has ended, or has a successor, there is no copy.
        yield 'withdraw';
        this.destroy(id);
        if (old?.is === 'session') continue;
        yield 'rekey';
        return old;
      }
      this.leave(request, id);
      return yield* request.login === null ? this.#rotated(request, old, copy) : this.#loggedIn(request, old, copy);
    }
  }

  /** A login's is the owner's, from the start, where a revocation finds it; of a rotation's nobody knows. */
  #copy(request: Request): Session {
    const { login, target } = request;
    if (login !== null) this.admit(request, null);
    const copy = this.fresh(target!, login);
    copy.trialUntil = this.now + TRIAL * 1000;
    if (login !== null) this.places.set(target!, { is: 'session', session: copy });
    return copy;
  }

  *#rotated(request: Request, old: Place & { is: 'session' }, { id, lastSeen }: Session): Steps<Place> {
    yield 'rekey';
    this.adopt(request, old.session, id);
    old.session.lastSeen = lastSeen;
    request.lastSeen = lastSeen;
    return old;
  }

  /** C7: a revocation ends a login that is not over yet. It begins anew then, with nothing of what was stored. */
  *#loggedIn(request: Request, old: Place & { is: 'session' }, { id, fields }: Session): Steps<Place | undefined> {
    yield 'keep';
    const place = this.at(id);
    yield 'rekey';
    if (place?.is !== 'session') return undefined;
    place.session.trialUntil = null;
    const secret = [...fields];
    for (const [name, value] of [...old.session.fields, ...secret]) fields.set(name, value);
    this.adopt(request, place.session, id);
    return place;
  }

  #isFull(owner: string): boolean {
    const { max, onSessionLimit } = this.rules;
    return onSessionLimit === 'refuse' && max !== null && this.owned(owner).length >= max;
  }
}
