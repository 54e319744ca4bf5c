import type { RedisDriver } from '../driver.ts';

/** What a connection reports about itself. */
export interface ConnectionEvents {
  /** Connected, logged in and ready for commands. */
  ready(): void;
  /** The connection broke, or could not be made, and cannot be used any longer. */
  lost(fault: unknown): void;
}

/** A client of our own, which connects when it is made and does not reconnect. */
export interface Connection {
  readonly driver: RedisDriver;
  /** Waits for commands under way, then disconnects. */
  close(): Promise<void>;
  /** Disconnects at once. */
  destroy(): void;
}

/** A connection that can be used for messages instead of commands. */
export interface SubscribableConnection extends Connection {
  /** Receives the messages of a channel; resolves when the server has acknowledged it. */
  subscribe(channel: string, listener: (message: string) => void): Promise<void>;
}

export type OpenConnection = (events: ConnectionEvents) => Connection;

/** Milliseconds between attempts to connect: at first, and at most. */
export const FIRST_DELAY_MS = 10;
const LONGEST_DELAY_MS = 2_000;

/** Returns the milliseconds before attempt number `attempt` to connect, from 0: doubling, less up to half at random. */
export function backoff(attempt: number): number {
  const longest = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt, 10), LONGEST_DELAY_MS);
  return longest * (0.5 + Math.random() / 2);
}
