import { messageOf } from '../command.ts';
import { isDenial, type UsedChannel } from './permissions.ts';

/** Whether the library can listen to a channel. */
export interface TriedSubscription extends UsedChannel {
  /** `undefined`: it was subscribed to. */
  readonly error: string | undefined;
  /** What would allow it, as `ACL SETUSER` takes it; `undefined` when that is not what is missing. */
  readonly rules: string | undefined;
}

/** Starts to listen in the way of the store; returns a function that stops it. */
export type Listen = (listener: { resumed(): void; failed(error: unknown): void }) => () => void;

const TIMEOUT_MS = 10_000;

/** Listens to a channel as the library does, over its connection, until the server has answered. */
export async function trySubscription(channel: UsedChannel, listen: Listen): Promise<TriedSubscription> {
  const error = await new Promise<string | undefined>((resolve) => {
    let stop: () => void = () => {};
    const done = (message: string | undefined): void => {
      clearTimeout(timer);
      // Not within the call that has returned nothing yet.
      queueMicrotask(() => stop());
      resolve(message);
    };
    const timer = setTimeout(() => done(`no answer within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS);
    try {
      stop = listen({
        resumed: () => done(undefined),
        failed: (reason) => done(messageOf(reason)),
      });
    } catch (reason) {
      done(messageOf(reason));
    }
  });
  const isDenied = error !== undefined && isDenial(error);
  return { ...channel, error, rules: isDenied ? `+subscribe &${channel.name}` : undefined };
}
