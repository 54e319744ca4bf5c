// Bugs of the memory store.
const store = 'src/stores/memory/memory-store.ts';

export const memoryStoreBugs = [
  {
    bug: 'memory: a save makes the session that it does not find',
    breaks: 'C1',
    on: 'memory',
    change: [
      [
        store,
        `    if (record === undefined) return this.#trace(key) ?? GONE;
    if (!matches(record, change, false))`,
        `    if (record === undefined) {
      const details = { owner: null, method: null, address: null, agent: null, indexKeys: [] };
      const made = { details, timeout: 1000, absoluteTimeout: 1400, fields: change.set, login: null };
      return this.#trace(key) ?? ((await this.create(key, made)) as SaveOutcome);
    }
    if (!matches(record, change, false))`,
      ],
    ],
  },
  {
    bug: 'memory: a session lives on past its absolute expiry while it is used',
    breaks: 'C4',
    on: 'memory',
    change: [
      [
        store,
        'record.endsAt = expiresAt > 0 ? Math.min(idle, expiresAt) : idle;',
        'record.endsAt = expiresAt > 0 ? idle : idle;',
      ],
    ],
  },
  {
    bug: 'memory: every write moves the absolute expiry',
    breaks: 'C4',
    on: 'memory',
    change: [
      [
        store,
        '    return this.#put(key, apply(record, change), this.#clock());',
        `    record.meta = { ...record.meta, expiresAt: this.#clock() + 1_400_000 };
    return this.#put(key, apply(record, change), this.#clock());`,
      ],
    ],
  },
  {
    bug: 'memory: a rotation leaves both ids valid',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        store,
        '    this.#records.delete(from.handle);\n    this.#put(to, record, now);',
        '    this.#put(to, record, now);',
      ],
    ],
  },
  {
    bug: 'memory: a login keeps the old id valid',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        store,
        '    this.#records.delete(from.handle);\n    this.#put(to, record, now);',
        `    if (move.login === null) this.#records.delete(from.handle);
    else this.#records.set(from.handle, { ...record, ownerHash: from.ownerHash });
    this.#put(to, record, now);`,
      ],
    ],
  },
  {
    bug: "memory: a rotation takes the session out of its owner's",
    breaks: 'C7',
    on: 'memory',
    change: [
      [
        store,
        '    if (move.trace !== null) this.#leaveTrace(from, to, move.trace, now);',
        `    if (move.login === null) this.#owned.get(String(to.ownerHash))?.delete(to.handle);
    if (move.trace !== null) this.#leaveTrace(from, to, move.trace, now);`,
      ],
    ],
  },
  {
    bug: 'memory: the session to spare is ended when it was rotated a moment before',
    breaks: 'C7',
    on: 'memory',
    change: [[store, 'const spared = except === null ? null : this.#successor(except);', 'const spared = except;']],
  },
  {
    bug: 'memory: at the limit the newest session is ended, not the oldest',
    breaks: 'C8',
    on: 'memory',
    change: [
      [
        store,
        'const excess = live.slice(0, Math.max(0, live.length - login.max + 1));',
        'const excess = live.toReversed().slice(0, Math.max(0, live.length - login.max + 1));',
      ],
    ],
  },
  {
    bug: 'memory: the session that logs in again counts against the limit',
    breaks: 'C8',
    on: 'memory',
    change: [
      [
        store,
        'this.#live(key.ownerHash).filter((handle) => handle !== replaced);',
        "this.#live(key.ownerHash).filter((handle) => handle !== '');",
      ],
    ],
  },
];
