// Bugs of the Redis store: in its scripts, and in what should be a script and is not.
const store = 'src/stores/redis/store.ts';
const lua = (name) => `src/stores/redis/lua/${name}.lua`;

export const redisStoreBugs = [
  {
    bug: 'save.lua: no look whether the session exists',
    breaks: 'C1',
    on: 'redis',
    change: [
      [
        lua('save'),
        'if not stored then return absent(KEYS[1]) end',
        "if not stored then stored = '1:' .. int(now) .. ':1000:' .. int(now + 1400000) .. ':0:[0,0,0,0]' end",
      ],
    ],
  },
  {
    bug: 'save.lua: a session lives on past its absolute expiry while it is used',
    breaks: 'C4',
    on: 'redis',
    change: [
      [
        lua('_record'),
        'if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end',
        'if meta.expires == 1 then left = meta.expires - now end',
      ],
    ],
  },
  {
    bug: 'save.lua: every write moves the absolute expiry',
    breaks: 'C4',
    on: 'redis',
    change: [[lua('save'), 'if life(meta) <= 0 then return {0} end', 'meta.expires = now + 1400000']],
  },
  {
    bug: 'save.lua: a save forgets the idle timeout that the session was given',
    breaks: 'C4',
    on: 'redis',
    change: [
      [
        lua('save'),
        "if ARGV[2] ~= '' then meta.timeout = tonumber(ARGV[2]) end",
        'meta.timeout = tonumber(ARGV[2]) or 1000',
      ],
    ],
  },
  {
    bug: '_change.lua: what an update expects is not looked at',
    breaks: 'C3',
    on: 'redis',
    change: [
      [lua('_change'), 'if value ~= ARGV[index + 2] then return nil end', 'if value == nil then return nil end'],
    ],
  },
  {
    bug: 'takeFlash reads the messages and deletes them then, in two commands',
    breaks: 'C3',
    on: 'redis',
    change: [
      [
        store,
        "    const reply = await this.#runner.runWithDeadline('take', scripts.take, [this.#recordKey(key)], [prefix]);",
        `    const found = await this.load(key);
    if (found?.status === 'found') {
      const taken = Object.entries(found.fields).filter(([name]) => name.startsWith(prefix));
      const change = { set: NOTHING, delete: new Set(taken.map(([name]) => name)), timeout: null, expect: null };
      const saved = await this.save(key, change);
      return saved.status === 'ok' ? { status: 'ok', fields: Object.fromEntries(taken) } : (saved as TakeOutcome);
    }
    const reply = await this.#runner.runWithDeadline('take', scripts.take, [this.#recordKey(key)], [prefix]);`,
      ],
    ],
  },
  {
    bug: 'rekey.lua: a rotation leaves both ids valid',
    breaks: 'C6',
    on: 'redis',
    change: [
      [lua('rekey'), "redis.call('RENAME', KEYS[1], KEYS[2])", "redis.call('COPY', KEYS[1], KEYS[2])"],
      [lua('rekey'), 'leave(KEYS[1], ARGV[10], ARGV[11], ARGV[12], ARGV[2])\n', ''],
    ],
  },
  {
    bug: 'rekey.lua: a login keeps the old id valid',
    breaks: 'C6',
    on: 'redis',
    change: [
      [
        lua('rekey'),
        "redis.call('RENAME', KEYS[1], KEYS[2])",
        "redis.call(ARGV[4] == '1' and 'COPY' or 'RENAME', KEYS[1], KEYS[2])",
      ],
      [lua('rekey'), 'leave(KEYS[1],', "if ARGV[4] == '0' then leave(KEYS[1],"],
      [lua('rekey'), 'ARGV[12], ARGV[2])\n', 'ARGV[12], ARGV[2]) end\n'],
    ],
  },
  {
    bug: "move.lua: a rotation begins the session's clock anew",
    breaks: 'C4',
    on: 'redis',
    change: [[lua('rekey'), 'if life(meta) <= 0 then return {0} end', 'meta.expires = now + 1400000']],
  },
  {
    bug: "move.lua: a login enters the session in its owner's index with its next save only",
    breaks: 'C7',
    on: 'redis',
    change: [
      [
        lua('rekey'),
        'if KEYS[3] then enrol(KEYS[3], ARGV[2], score, left) end',
        "if KEYS[3] and ARGV[4] == '0' then enrol(KEYS[3], ARGV[2], score, left) end",
      ],
    ],
  },
  {
    // Not by a save as it is: that renews the idle timeout too, which shows when a second ends between the two.
    bug: "the owner's index is written after the session, in another command",
    breaks: 'C8',
    on: 'redis',
    change: [
      [lua('create'), 'if KEYS[2] then enrol(KEYS[2], ARGV[1], stamp, left) end\n', ''],
      [
        lua('save'),
        'if not meta then return {0} end\n',
        `if not meta then return {0} end
if ARGV[2] == '-1' then
  enrol(KEYS[2], ARGV[1], stamp, life(meta))
  return {1, now}
end
`,
      ],
      [
        store,
        "    return (await this.#create(key, record, '', 0)) as CreateOutcome;",
        `    const created = (await this.#create(key, record, '', 0)) as CreateOutcome;
    if (key.ownerHash !== null) await this.save(key, { set: NOTHING, delete: NONE, timeout: -1, expect: null });
    return created;`,
      ],
    ],
  },
  {
    bug: 'a revocation lists the sessions and ends them then, one by one',
    breaks: 'C7',
    on: 'redis',
    change: [
      [
        store,
        "    const args = [this.#ownerPrefix(ownerHash), except ?? '', indexKey ?? ''];",
        `    if (indexKey === null) {
      const ended: string[] = [];
      for (const { handle } of await this.listOwned(ownerHash)) {
        if (handle !== except && (await this.destroy({ handle, ownerHash })).status === 'ok') ended.push(handle);
      }
      return ended;
    }
    const args = [this.#ownerPrefix(ownerHash), except ?? '', indexKey];`,
      ],
    ],
  },
  {
    bug: 'revoke.lua: the session to spare is ended when it was rotated a moment before',
    breaks: 'C7',
    on: 'redis',
    change: [[lua('revoke'), "local spared = ARGV[2] ~= '' and successor(ARGV[2])", 'local spared = ARGV[2]']],
  },
  {
    bug: 'the limit is looked at before the login, in another command',
    breaks: 'C8',
    on: 'redis',
    change: [
      [
        store,
        "    return (await this.#create(key, record, '', 0)) as CreateOutcome;",
        `    const { login } = record;
    if (login === null || key.ownerHash === null) return (await this.#create(key, record, '', 0)) as CreateOutcome;
    const owned = await this.listOwned(key.ownerHash);
    const excess = login.max === 0 ? [] : owned.slice(0, Math.max(0, owned.length - login.max + 1));
    if (excess.length > 0 && login.onSessionLimit === 'refuse') return { status: 'full' };
    for (const { handle } of excess) await this.destroy({ handle, ownerHash: key.ownerHash });
    return (await this.#create(key, { ...record, login: { ...login, max: 0 } }, '', 0)) as CreateOutcome;`,
      ],
    ],
  },
  {
    bug: '_owner.lua: at the limit the newest session is ended, not the oldest',
    breaks: 'C8',
    on: 'redis',
    change: [
      [lua('_owner'), "redis.call('ZRANGE', index, 0, max > 0 and -1 or 15)", "redis.call('ZREVRANGE', index, 0, -1)"],
    ],
  },
  {
    bug: "_owner.lua: a rotation makes a session the newest of its owner's",
    breaks: 'C8',
    on: 'redis',
    change: [[lua('rekey'), "score = tonumber(redis.call('ZSCORE', KEYS[4], ARGV[1])) or stamp", 'score = stamp']],
  },
];
