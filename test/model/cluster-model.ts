import { Model, type Id, type Place, type Rekey, type Session, type Steps, type Time } from './model.ts';
import type { Epoch, Request } from './request.ts';

/** Seconds that a login across slots may take. */
const PROVISIONAL_TTL = 15;

/**
 * What sessions promise on a cluster, where a session without an owner, and each owner's sessions, have a slot
 * of their own. A session cannot change its slot in one moment: first there is the new one, which no client has
 * been sent, and then the old one ends. All else is as it is everywhere.
 */
export class ClusterModel extends Model {
  protected override *relocate(request: Request, epoch: Epoch, rekey: Rekey): Steps<Place | undefined> {
    const crosses = epoch.known!.owner === null;
    return yield* crosses ? this.#rekeyAcross(request, epoch, rekey) : super.relocate(request, epoch, rekey);
  }

  *#rekeyAcross(request: Request, epoch: Epoch, rekey: Rekey): Steps<Place | undefined> {
    const { login } = rekey;
    for (;;) {
      epoch.send(login !== null && rekey.begun === null);
      const id = this.newId(login === null ? epoch.id!.secret : request.worker.secrets[0]!);
      request.target = id;
      const sentAt = this.now;
      const taken = yield 'copy';
      const before = this.at(epoch.id!);
      if (taken!.status === 'conflict' && taken!.operation === 'rekey') {
        if (this.seeAgain(epoch)) continue;
        return before;
      }
      // There is nothing to copy. If there were, the step would never come, and the test would report that.
      if (taken!.operation === 'rekey' && before?.is !== 'session') return before;
      // C8: the owner's limit counts the copy, from the start.
      if (login !== null && this.refusalOf(request, login, null) !== null) yield 'rekey';
      const copy = this.#copy(request, epoch, rekey, id, sentAt);
      // C2: what others write meanwhile makes the copy useless, and another one is made, with another id.
      const deleted = yield 'deleteRotated';
      const old = this.at(epoch.id!);
      if (old?.is !== 'session' || deleted!.status === 'conflict') {
        // C1 and C6: of what has ended, or has a successor, there is no copy.
        yield 'deleteCopy';
        this.destroy(id, null);
        if (old?.is === 'session') continue;
        yield 'rekey';
        return old;
      }
      this.leave(request, epoch, old.session, id, rekey);
      if (login === null) return yield* this.#rotated(request, epoch, rekey, old, copy);
      return yield* this.#loggedIn(request, epoch, rekey, old, copy);
    }
  }

  /** A login's copy belongs to the owner from the start, so a revocation finds it; no other request knows a rotation's. */
  #copy(request: Request, epoch: Epoch, { login }: Rekey, id: Id, sentAt: Time): Session {
    if (login !== null) this.admit(request, epoch, login, null);
    const copy = this.fresh(request.worker, this.dated(login, sentAt), id);
    copy.provisionalUntil = this.now + PROVISIONAL_TTL * 1000;
    if (login !== null) this.places.set(id, { is: 'session', session: copy });
    return copy;
  }

  *#rotated(
    request: Request,
    epoch: Epoch,
    rekey: Rekey,
    old: Place & { is: 'session' },
    { id, lastSeen }: Session,
  ): Steps<Place> {
    yield 'rekey';
    this.rename(request, old.session, id, null);
    this.complete(request, epoch, old.session, rekey);
    old.session.lastSeen = lastSeen;
    return old;
  }

  /** C7: a revocation ends a login that is not over yet. It begins again then, with nothing of what was stored. */
  *#loggedIn(
    request: Request,
    epoch: Epoch,
    rekey: Rekey,
    old: Place & { is: 'session' },
    { id, fields }: Session,
  ): Steps<Place | undefined> {
    yield 'confirm';
    const place = this.at(id);
    yield 'rekey';
    if (place?.is !== 'session') return undefined;
    place.session.provisionalUntil = null;
    const secret = [...fields];
    for (const [name, value] of [...old.session.fields, ...secret]) fields.set(name, value);
    this.complete(request, epoch, place.session, rekey);
    return place;
  }
}
