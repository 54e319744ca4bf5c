import type { WatchedEndReason } from '../../errors.ts';
import type { EndListener } from '../store.ts';
import { Listeners } from './listeners.ts';

/** What listens to the ends of records. */
export class EndListeners extends Listeners<EndListener> {
  ended(handle: string, reason: WatchedEndReason): void {
    if (!this.isEmpty) this.call((listener) => listener.ended([handle], reason));
  }

  rekeyed(handle: string, successor: string): void {
    if (!this.isEmpty) this.call((listener) => listener.rekeyed(handle, successor));
  }
}
