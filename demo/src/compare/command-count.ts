import { tracingChannel } from 'node:diagnostics_channel';

export interface Commands {
  readonly name: string;
  readonly count: number;
}

/** Counts what is sent to a store: calls of a store in memory, commands of a client of Redis. */
export class CommandCount {
  #counts = new Map<string, number>();

  /** Returns what was counted since the last call. */
  take(): Commands[] {
    const commands = [...this.#counts].map(([name, count]) => ({ name, count }));
    this.#counts = new Map();
    return commands;
  }

  /** Counts the calls of some methods of an object, those that it makes itself included. */
  watchCalls<T extends object>(target: T, methods: readonly string[]): T {
    const members = target as Record<string, unknown>;
    for (const method of methods) {
      const original = members[method] as (...args: unknown[]) => unknown;
      members[method] = (...args: unknown[]): unknown => {
        this.#add(method);
        return original.apply(target, args);
      };
    }
    return target;
  }

  /** Counts the commands that a client of node-redis sends, which it reports on a channel. Returns how to end that. */
  watchClient(clientId: string): () => void {
    const count = (message: unknown): void => {
      const { command, clientId: sender } = message as CommandTrace;
      if (sender === clientId) this.#add(command);
    };
    const { start } = tracingChannel('node-redis:command');
    start.subscribe(count);
    return () => start.unsubscribe(count);
  }

  #add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}

interface CommandTrace {
  readonly command: string;
  readonly clientId: string;
}
