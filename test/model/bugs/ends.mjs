// Bugs of what ends are explained by, of ids that are used again, and of requests that are no visits.
const access = 'src/engine/access.ts';
const endedRecords = 'src/stores/memory/ended-records.ts';
const flash = 'src/session/flash.ts';
const load = 'src/engine/load.ts';
const memory = 'src/stores/memory/memory-store.ts';
const plan = 'src/engine/plan.ts';
const reader = 'src/stores/redis/record-reader.ts';
const reuse = 'src/engine/reuse.ts';
const state = 'src/engine/state.ts';
const lua = (name) => `src/stores/redis/lua/${name}.lua`;

export const endBugs = [
  {
    bug: 'the end of a session is not explained where rotations have led to it',
    breaks: 'C12',
    on: 'memory',
    change: [
      [
        load,
        'const record = await store.load(candidate.key, state.bypassCache, state.context.config.explainEnds);',
        'const record = await store.load(candidate.key, state.bypassCache);',
      ],
    ],
  },
  {
    bug: 'a revocation is explained as a logout',
    breaks: 'C12',
    on: 'memory',
    change: [['src/engine/explanation.ts', "revoked: 'revoked',", "revoked: 'logout',"]],
  },
  {
    bug: 'the end of another session is explained to a client whose session goes on',
    breaks: 'C12',
    on: 'memory',
    change: [[state, '    this.#endedBefore = null;\n', '']],
  },
  {
    bug: 'the end of a session without an owner is explained',
    breaks: 'C12',
    on: 'memory',
    change: [[endedRecords, '    if (ownerHash === null) return;\n', '']],
  },
  {
    bug: 'memory: an end is explained for ever',
    breaks: 'C12',
    on: 'memory',
    change: [
      ['src/stores/memory/ended-records.ts', 'const endsAt = at + keep * 1000;', 'const endsAt = at + keep * 1e6;'],
      ['src/stores/memory/ended-records.ts', 'now < at + within * 1000', 'within > 0'],
    ],
  },
  {
    bug: 'memory: an expired session counts as revoked',
    breaks: 'C12',
    on: 'memory',
    change: [[memory, "this.#ended.add(record, 'expired',", "this.#ended.add(record, 'revoked',"]],
  },
  {
    bug: 'memory: an eviction is not explained',
    breaks: 'C12',
    on: 'memory',
    change: [
      [
        memory,
        'for (const record of excess) this.#end(record, explanation, now);',
        'for (const record of excess) this.#records.delete(record);',
      ],
    ],
  },
  {
    bug: 'memory: an audit trail has no end that its request, its owner or another login has made',
    breaks: 'C12',
    on: 'memory',
    change: [[memory, '    this.#trails.append(record.ownerHash, reason, record.handle, now, { by });\n', '']],
  },
  {
    bug: 'memory: an audit trail has no rotation',
    breaks: 'C12',
    on: 'memory',
    change: [
      [
        memory,
        'this.#trails.append(to.ownerHash, event, to.handle,',
        "this.#trails.append(event === 'rotated' ? null : to.ownerHash, event, to.handle,",
      ],
    ],
  },
  {
    bug: 'a client whose response with the new id was lost ends its session as stolen',
    breaks: 'C6',
    on: 'memory',
    change: [[reuse, 'return record.meta.cookie.confirmed ? successor : null;', 'return successor;']],
  },
  {
    bug: 'a client that has an old cookie beside its own ends its session as stolen',
    breaks: 'C6',
    on: 'memory',
    change: [
      [load, '    if (stale.length > 0) await answerReuse(state, store, stale);\n', ''],
      [
        load,
        '    if (!isOpened) {\n',
        '    if (stale.length > 0) await answerReuse(state, store, stale);\n    if (!isOpened) {\n',
      ],
    ],
  },
  {
    bug: 'the id from before a login ends the session of the login, whose response may have been lost',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        reuse,
        "if (link.nonce === '' || link.now < link.graceUntil) return null;",
        'if (link.now < link.graceUntil) return null;',
      ],
    ],
  },
  {
    bug: 'a stolen session that has been rotated meanwhile goes on',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        reuse,
        "(await endRecord(store, key, null, explanationOf(context, 'id-reuse'))) !== 'ended'",
        "(await store.destroy(key, null, explanationOf(context, 'id-reuse'))).status !== 'ok'",
      ],
    ],
  },
  {
    bug: 'the use of an old id ends the session alone, and not those of its owner',
    breaks: 'C7',
    on: 'memory',
    change: [[reuse, "const record = onReuse === 'end-owner' ?", "const record = onReuse === 'report' ?"]],
  },
  {
    bug: 'a prefetch renews the idle timeout',
    breaks: 'C4',
    on: 'memory',
    change: [[plan, '  if (isAhead) return NOTHING;\n', '']],
  },
  {
    bug: 'a prefetch does not send the id that it has made itself',
    breaks: 'C13',
    on: 'memory',
    change: [[plan, 'situation.unsentId === null && situation.request.isPrefetch', 'situation.request.isPrefetch']],
  },
  {
    bug: 'a prefetch pops the messages',
    breaks: 'C4',
    on: 'memory',
    change: [[flash, '  // They are for the page that the user sees.\n  if (state.isPrefetch) return [];\n', '']],
  },
  {
    bug: 'a prefetch takes the messages out of the store',
    breaks: 'C4',
    on: 'memory',
    change: [[flash, '  if (state.isPrefetch) return [];\n  const { epoch } = state;', '  const { epoch } = state;']],
  },
  {
    bug: 'a prefetch of the logout page logs out',
    breaks: 'C4',
    on: 'memory',
    change: [[access, '  if (state.isPrefetch) {\n', '  if (state.isPrefetch && operation !== `logout`) {\n']],
  },
  {
    bug: 'a form of another site replaces the session whose cookie it came without',
    breaks: 'C13',
    on: 'memory',
    change: [
      [plan, 'if (needsCookie && !stored && !mustNotBeLost && situation.request.isCookieWithheld) {', 'if (false) {'],
    ],
  },
  {
    bug: 'a form of another site cannot log in',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        plan,
        'if (needsCookie && !stored && !mustNotBeLost && situation.request.isCookieWithheld) {',
        'if (needsCookie && !stored && situation.request.isCookieWithheld) {',
      ],
    ],
  },
  {
    bug: 'revoke.lua: a revocation is not explained',
    breaks: 'C12',
    on: 'redis',
    change: [[lua('revoke'), 'if explain and record_exists(key) then', 'if false and record_exists(key) then']],
  },
  {
    bug: 'a touch does not put off the expiry that is explained',
    breaks: 'C12',
    on: 'redis',
    change: [[lua('save'), 'if KEYS[2] then explain_expiry(KEYS[1], left) end\n', '']],
  },
  {
    bug: 'a rotated id says that its session has expired, which goes on under another one',
    breaks: 'C12',
    on: 'redis',
    change: [[lua('rekey'), '  forget_expiry(KEYS[1])\n', '']],
  },
  {
    bug: 'what explains an end is gone before the key that says the session has expired',
    breaks: 'C12',
    on: 'redis',
    change: [[lua('_explanation'), 'int(math.max(left, 0) + explain * 1000)', 'int(explain * 1000)']],
  },
  {
    bug: 'Redis: an end is explained for ever',
    breaks: 'C12',
    on: 'redis',
    change: [[reader, 'now < ended.at + within * 1000', 'within > 0']],
  },
];
