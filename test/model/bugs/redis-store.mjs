// Bugs of the Redis store: in its scripts, and in what should be a script and is not.
const store = 'src/stores/redis/store.ts';
const lua = (name) => `src/stores/redis/lua/${name}.lua`;

const CREATED = `    const keys = this.#keys.withIndex(key, isExplained(record));
    return (await this.#admit('create', key, keys, args)) as CreateOutcome;
`;

export const redisStoreBugs = [
  {
    bug: '_live_record.lua: a save makes the session that it does not find',
    breaks: 'C1',
    on: 'redis',
    change: [
      [
        lua('_live_record'),
        'if not stored then return nil, missing_reply(key) end',
        `local missing = missing_reply(key)
  if not stored and missing[1] == 2 then return nil, missing end
  if not stored then stored = '1:' .. int(now) .. ':1000:' .. int(now + 1400000) .. ':0:0:::[0,0,0,0]' end`,
      ],
    ],
  },
  {
    bug: '_record.lua: a session lives on past its absolute expiry while it is used',
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
    change: [[lua('save'), 'if ttl_ms(meta) <= 0 then return {0} end', 'meta.expires = now + 1400000']],
  },
  {
    bug: '_record.lua: a save forgets the idle timeout that the session was given',
    breaks: 'C4',
    on: 'redis',
    change: [
      [
        lua('_record'),
        'if timeout then meta.timeout, meta.adjusted, meta.changed = tonumber(timeout), adjusted, true end',
        "meta.timeout, meta.adjusted, meta.changed = tonumber(timeout) or 1000, adjusted or '', true",
      ],
    ],
  },
  {
    bug: '_record.lua: a save does not remember that a cookie was sent',
    breaks: 'C4',
    on: 'redis',
    change: [
      [
        lua('_record'),
        'meta.sent, meta.attributes, meta.changed = math.floor(now / 1000), string.sub(sent, 2), true',
        'meta.sent, meta.attributes = math.floor(now / 1000), string.sub(sent, 2)',
      ],
    ],
  },
  {
    bug: '_record.lua: a save does not remember that the client has come with its id',
    breaks: 'C6',
    on: 'redis',
    change: [
      [
        lua('_record'),
        'if meta.confirmed ~= confirmed then meta.confirmed, meta.changed = confirmed, true end',
        'meta.confirmed = confirmed',
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
        "    const reply = await this.#runner.runWithDeadline('take', keys, [key.handle, prefix, '']);",
        `    const found = await this.load(key);
    if (found?.status === 'found') {
      const taken = Object.entries(found.fields).filter(([name]) => name.startsWith(prefix));
      const saved = await this.save(key, { ...TOUCH, delete: new Set(taken.map(([name]) => name)) });
      if (saved.status !== 'ok') return saved as TakeOutcome;
      return { status: 'ok', fields: Object.fromEntries(taken), now: saved.now };
    }
    const reply = await this.#runner.runWithDeadline('take', keys, [key.handle, prefix, '']);`,
      ],
    ],
  },
  {
    bug: 'rekey.lua: a rotation leaves both ids valid',
    breaks: 'C6',
    on: 'redis',
    change: [
      [lua('rekey'), "redis.call('RENAME', KEYS[1], KEYS[2])", "redis.call('COPY', KEYS[1], KEYS[2])"],
      [lua('rekey'), 'write_tombstone(KEYS[1], ARGV[14], ARGV[15], ARGV[16], ARGV[17], confirmed)\n', ''],
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
        "redis.call(login and 'COPY' or 'RENAME', KEYS[1], KEYS[2])",
      ],
      [lua('rekey'), 'write_tombstone(KEYS[1], ARGV[14],', 'if not login then write_tombstone(KEYS[1], ARGV[14],'],
      [lua('rekey'), 'ARGV[17], confirmed)\n', 'ARGV[17], confirmed) end\n'],
    ],
  },
  {
    bug: 'rekey.lua: a rotation moves the absolute expiry',
    breaks: 'C4',
    on: 'redis',
    change: [[lua('rekey'), 'if ttl_ms(meta) <= 0 then return {0} end', 'meta.expires = now + 1400000']],
  },
  {
    bug: "rekey.lua: a login enters the session in its owner's index with its next save only",
    breaks: 'C7',
    on: 'redis',
    change: [
      [
        lua('rekey'),
        '  index_session(KEYS[3], ARGV[2], score, left)\n',
        '  if not login then index_session(KEYS[3], ARGV[2], score, left) end\n',
      ],
    ],
  },
  {
    // Not by a save as it is: that renews the idle timeout too, which shows when a second ends between the two.
    bug: "the owner's index is written after the session, in another command",
    breaks: 'C8',
    on: 'redis',
    change: [
      [lua('create'), '  index_session(KEYS[2], ARGV[1], now_us, left)\n', ''],
      [
        lua('save'),
        'if not meta then return missing end\n',
        `if not meta then return missing end
if ARGV[2] == '1a' then
  index_session(KEYS[2], ARGV[1], now_us, ttl_ms(meta))
  return {1, now}
end
`,
      ],
      [
        store,
        CREATED,
        `    const created = (await this.#admit('create', key, this.#keys.withIndex(key, isExplained(record)), args)) as CreateOutcome;
    if (key.ownerHash !== null) await this.save(key, { ...TOUCH, timeout: { seconds: 1, adjusted: true } });
    return created;
`,
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
        "    const which = [this.#keys.ownerPrefix(ownerHash), except ?? '', indexKey ?? '', formatNumber(keep)];\n",
        `    if (indexKey === null) {
      const gone: string[] = [];
      for (const { handle } of await this.listOwned(ownerHash)) {
        if (handle !== except && (await this.destroy({ handle, ownerHash })).status === 'ok') gone.push(handle);
      }
      return gone;
    }
    const which = [this.#keys.ownerPrefix(ownerHash), except ?? '', indexKey, formatNumber(keep)];
`,
      ],
    ],
  },
  {
    bug: 'revoke.lua: the session to spare is ended when it was rotated a moment before',
    breaks: 'C7',
    on: 'redis',
    change: [
      [
        lua('revoke'),
        "local spared = ARGV[2] ~= '' and resolve_successor(ARGV[2])",
        "local spared = ARGV[2] ~= '' and ARGV[2]",
      ],
    ],
  },
  {
    bug: 'revoke.lua: the session that was spared ends at its next write',
    breaks: 'C7',
    on: 'redis',
    change: [
      [
        lua('revoke'),
        "redis.call('HSET', ARGV[1] .. spared, '@v', revocation)",
        "redis.call('HLEN', ARGV[1] .. spared)",
      ],
    ],
  },
  {
    bug: 'the limit is looked at before the login, in another command',
    breaks: 'C8',
    on: 'redis',
    change: [
      [
        store,
        '    const args = createArguments(key, record, this.#encoding);\n' + CREATED,
        `    const create = async (login: NewRecord['login']): Promise<CreateOutcome> => {
      const args = createArguments(key, { ...record, login }, this.#encoding);
      return (await this.#admit('create', key, this.#keys.withIndex(key, isExplained(record)), args)) as CreateOutcome;
    };
    const { login } = record;
    if (login === null || key.ownerHash === null) return await create(login);
    const owned = await this.listOwned(key.ownerHash);
    const excess = login.max === 0 ? [] : owned.slice(0, Math.max(0, owned.length - login.max + 1));
    if (excess.length > 0 && login.onSessionLimit === 'refuse') return { status: 'full' };
    for (const { handle } of excess) await this.destroy({ handle, ownerHash: key.ownerHash });
    return await create({ ...login, max: 0 });
`,
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
    bug: "rekey.lua: a rotation makes a session the newest of its owner's",
    breaks: 'C8',
    on: 'redis',
    change: [[lua('rekey'), "score = tonumber(redis.call('ZSCORE', KEYS[4], ARGV[1])) or now_us", 'score = now_us']],
  },
];
