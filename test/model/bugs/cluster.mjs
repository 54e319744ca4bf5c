// Bugs of moves across the slots of a cluster, which are several commands.
const across = 'src/stores/redis/cluster/cross-slot-rekey.ts';
const move = 'src/engine/rekey.ts';
const lua = (name) => `src/stores/redis/lua/${name}.lua`;

export const clusterBugs = [
  {
    bug: 'across slots: the old session is ended before there is a new one',
    breaks: 'C6',
    on: 'cluster',
    change: [
      [
        across,
        '  const created = await copy(slots, to, old, move);\n',
        '  await slots.destroy(from);\n  const created = await copy(slots, to, old, move);\n',
      ],
      [
        across,
        '  const retired = await slots.retire(from, to, move.trace, old);\n',
        "  const retired = created.status === 'ok' ? created : await slots.retire(from, to, move.trace, old);\n",
      ],
    ],
  },
  {
    bug: 'across slots: the old session is ended whatever others have written meanwhile',
    breaks: 'C2',
    on: 'cluster',
    change: [
      [lua('delete-rotated'), 'if meta ~= ARGV[6] or not expected(KEYS[1], 7, true) then', 'if meta == ARGV[2] then'],
    ],
  },
  {
    bug: 'across slots: a copy that missed a field which is new does not count as useless',
    breaks: 'C2',
    on: 'cluster',
    change: [[lua('delete-rotated'), 'expected(KEYS[1], 7, true)', 'expected(KEYS[1], 7, false)']],
  },
  {
    bug: 'across slots: a session that a logout has ended meanwhile lives on as its copy',
    breaks: 'C1',
    on: 'cluster',
    change: [
      [
        across,
        "  if (retired.status === 'ok') return",
        "  if (retired.status === 'ok' || retired.status === 'gone') return",
      ],
    ],
  },
  {
    bug: 'across slots: a login that came too late leaves its copy with the owner',
    breaks: 'C7',
    on: 'cluster',
    change: [[across, '  await slots.destroy(to);\n', '']],
  },
  {
    bug: 'across slots: a copy that missed a write is made again under its name, also when it was revoked',
    breaks: 'C1',
    on: 'cluster',
    change: [
      [
        across,
        "  return retired.status === 'conflict' ? { status: 'interrupted', evicted }",
        "  return retired.status === 'conflict' ? await rekeyAcrossSlots(slots, from, to, move)",
      ],
    ],
  },
  {
    bug: 'across slots: a login that begins again does so under the same id, also when it was revoked',
    breaks: 'C1',
    on: 'cluster',
    change: [
      [move, 'let [taken, conflicts] = [0, 0];', "let [taken, conflicts, again] = [0, 0, ''];"],
      [move, 'const id = targetId(state, nonce);', 'const id = again || targetId(state, nonce);'],
      [
        move,
        "      if (outcome.status === 'conflict') state.fields.reload(",
        "      again = outcome.status === 'interrupted' && login !== null ? id : '';\n" +
          "      if (outcome.status === 'conflict') state.fields.reload(",
      ],
    ],
  },
  {
    bug: 'across slots: nobody is told whom a login has ended that came to nothing',
    breaks: 'C8',
    on: 'cluster',
    change: [[move, '    announceEvictions(state, outcome.evicted ?? []);\n', '']],
  },
  {
    bug: 'across slots: a login that was revoked before its last step has a session all the same',
    breaks: 'C7',
    on: 'cluster',
    change: [[across, "'ok' ? created : { status: 'gone',", "'ok' || created.now > 0 ? created : { status: 'gone',"]],
  },
  {
    bug: 'across slots: what a crash leaves of a login stays with the owner',
    breaks: 'C6',
    on: 'cluster',
    change: [[across, "slots.create(to, record, '', TRIAL)", "slots.create(to, record, '', TRIAL * 1000)"]],
  },
  {
    bug: 'across slots: a login ends with its trial',
    breaks: 'C4',
    on: 'cluster',
    change: [
      [
        across,
        '  if (move.login === null) return created;\n',
        '  if (move.login !== null || move.trace === null) return created;\n',
      ],
    ],
  },
  {
    bug: "across slots: the owner's limit is not looked at",
    breaks: 'C8',
    on: 'cluster',
    change: [
      [
        across,
        'if (login !== null) return await slots.create(to, record,',
        'if (login !== null) return await slots.create(to, { ...record, login: { ...login, max: 0 } },',
      ],
    ],
  },
  {
    bug: 'across slots: a rotation leaves no trace of where it leads',
    breaks: 'C6',
    on: 'cluster',
    change: [[across, 'slots.retire(from, to, move.trace, old)', 'slots.retire(from, to, null, old)']],
  },
];
