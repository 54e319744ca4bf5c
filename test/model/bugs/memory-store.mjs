// Bugs of the memory store.
const records = 'src/stores/memory/live-records.ts';
const store = 'src/stores/memory/memory-store.ts';

const renewed = '    this.#records.renew(record, now);\n    return';
const moved =
  '    this.#records.delete(record);\n    this.#records.add(to, meta, changedFields(record.fields, rekey), rekey.explainEnds ?? 0, now);\n';

export const memoryStoreBugs = [
  {
    bug: 'memory: a save makes the session that it does not find',
    breaks: 'C1',
    on: 'memory',
    change: [
      [
        store,
        `    if (record === undefined) return this.#tombstones.get(key, now) ?? GONE;
    if (!matchesExpected(record.fields, change, false))`,
        `    if (record === undefined) {
      const details = { owner: null, method: null, address: null, agent: null, indexKeys: [] };
      const life = { timeout: { seconds: 1000, adjusted: false }, absoluteTimeout: 1400, cookieAttributes: '' };
      const made = { details, ...life, fields: change.set, login: null };
      return this.#tombstones.get(key, now) ?? ((await this.create(key, made)) as SaveOutcome);
    }
    if (!matchesExpected(record.fields, change, false))`,
      ],
    ],
  },
  {
    bug: 'memory: a save revives a session that has expired',
    breaks: 'C1',
    on: 'memory',
    change: [[records, 'if (record.endsAt > now) return record;', 'if (record.endsAt > 0) return record;']],
  },
  {
    bug: 'memory: a session lives on past its absolute expiry while it is used',
    breaks: 'C4',
    on: 'memory',
    change: [
      [
        records,
        'record.endsAt = expiresAt > 0 ? Math.min(idle, expiresAt) : idle;',
        'record.endsAt = expiresAt > 0 ? idle : idle;',
      ],
    ],
  },
  {
    bug: 'memory: every write moves the absolute expiry',
    breaks: 'C4',
    on: 'memory',
    change: [[store, renewed, `    record.meta = { ...record.meta, expiresAt: now + 1_400_000 };\n${renewed}`]],
  },
  {
    bug: 'memory: a rotation moves the absolute expiry',
    breaks: 'C4',
    on: 'memory',
    change: [
      [
        store,
        'this.#records.add(to, meta, changedFields(record.fields, rekey), rekey.explainEnds ?? 0, now);',
        'this.#records.add(to, { ...meta, expiresAt: now + 1_400_000 }, changedFields(record.fields, rekey), rekey.explainEnds ?? 0, now);',
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
        moved,
        '    this.#records.add(to, meta, changedFields(record.fields, rekey), rekey.explainEnds ?? 0, now);\n',
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
        moved,
        `    if (login === null) this.#records.delete(record);
    this.#records.add(to, meta, changedFields(record.fields, rekey), rekey.explainEnds ?? 0, now);
`,
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
        moved,
        `${moved}    if (login === null && to.ownerHash !== null) this.#owners.delete(to.ownerHash, to.handle);
`,
      ],
    ],
  },
  {
    bug: 'memory: the session to spare is ended when it was rotated a moment before',
    breaks: 'C7',
    on: 'memory',
    change: [
      [
        store,
        'const spared = except === null ? null : this.#resolveSuccessor({ handle: except, ownerHash }, now);',
        'const spared = except;',
      ],
    ],
  },
  {
    bug: 'memory: at the limit the newest session is ended, not the oldest',
    breaks: 'C8',
    on: 'memory',
    change: [
      [
        store,
        'const excess = live.slice(0, Math.max(0, live.length - max + 1));',
        'const excess = live.toReversed().slice(0, Math.max(0, live.length - max + 1));',
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
        'this.#records.ofOwner(ownerHash, now).filter(({ handle }) => handle !== replaced);',
        "this.#records.ofOwner(ownerHash, now).filter(({ handle }) => handle !== '');",
      ],
    ],
  },
];
