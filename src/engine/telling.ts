import { SessionError } from '../errors.ts';
import type { Engine } from './context.ts';

/** Carries out an operation, and publishes that the store failed at it. */
export async function withStoreErrorEvent<T>(
  { events }: Engine,
  operation: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SessionError && error.code.startsWith('ERR_SESSION_STORE')) {
      events.emit('storeError', { operation, error });
    }
    throw error;
  }
}
