// Bugs of rekeys across the slots of a cluster, which are several commands.
const across = 'src/stores/redis/cluster/cross-slot-rekey.ts';
const engine = 'src/engine/rekey.ts';
const lua = (name) => `src/stores/redis/lua/${name}.lua`;

const COPY = '  const created = await slots.copy(to, old, rekey, changedFields(slots, old, rekey), provisional);\n';
const DELETE = '  const deleted = await slots.deleteRotated(from, to, rekey, old);\n';

export const clusterBugs = [
  {
    bug: 'across slots: the old session is ended before there is a new one',
    breaks: 'C6',
    on: 'cluster',
    change: [
      [across, COPY, `  await slots.destroy(from);\n${COPY}`],
      [
        across,
        DELETE,
        "  const deleted = created.status === 'ok' ? created : await slots.deleteRotated(from, to, rekey, old);\n",
      ],
    ],
  },
  {
    bug: 'across slots: the old session is ended even if others have written meanwhile',
    breaks: 'C2',
    on: 'cluster',
    change: [
      [
        lua('delete-rotated'),
        'if stored ~= ARGV[6] or not match_expected(KEYS[1], 7, true) then',
        'if stored == ARGV[2] then',
      ],
    ],
  },
  {
    bug: 'across slots: a copy that missed a field which is new does not count as useless',
    breaks: 'C2',
    on: 'cluster',
    change: [[lua('delete-rotated'), 'match_expected(KEYS[1], 7, true)', 'match_expected(KEYS[1], 7, false)']],
  },
  {
    bug: 'across slots: a session that a logout has ended meanwhile lives on as its copy',
    breaks: 'C1',
    on: 'cluster',
    change: [
      [
        across,
        "  if (deleted.status === 'ok') return",
        "  if (deleted.status === 'ok' || deleted.status === 'gone') return",
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
        "  return deleted.status === 'conflict' ? { status: 'interrupted', evicted }",
        "  return deleted.status === 'conflict' ? await rekeyAcrossSlots(slots, from, to, rekey)",
      ],
    ],
  },
  {
    bug: 'across slots: a login that begins again does so under the same id, also when it was revoked',
    breaks: 'C1',
    on: 'cluster',
    change: [
      [engine, 'let [taken, conflicts] = [0, 0];', "let [taken, conflicts, again] = [0, 0, ''];"],
      [
        engine,
        '        attempt = prepare(state, epoch, request, change);\n',
        `        attempt = prepare(state, epoch, request, change);
        if (again !== '') attempt = { ...attempt, id: again };
`,
      ],
      [
        engine,
        "        if (outcome.status === 'conflict') epoch.fields.reload(",
        "        again = outcome.status === 'interrupted' && login !== null ? attempt!.id : '';\n" +
          "        if (outcome.status === 'conflict') epoch.fields.reload(",
      ],
    ],
  },
  {
    bug: 'across slots: the sessions that a login has ended are not reported when it comes to nothing',
    breaks: 'C8',
    on: 'cluster',
    change: [[engine, "        if (result.status !== 'ok') emitEvictions(state, result.evicted ?? []);\n", '']],
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
    change: [
      [
        across,
        'rekey.login === null ? 0 : PROVISIONAL_TTL_SECONDS;',
        'rekey.login === null ? 0 : PROVISIONAL_TTL_SECONDS * 1000;',
      ],
    ],
  },
  {
    bug: 'across slots: a login ends with its provisional time',
    breaks: 'C4',
    on: 'cluster',
    change: [
      [
        across,
        '  if (rekey.login === null) return created;\n',
        '  if (rekey.login !== null || rekey.tombstone === null) return created;\n',
      ],
    ],
  },
  {
    bug: "across slots: the owner's limit is not looked at",
    breaks: 'C8',
    on: 'cluster',
    change: [
      [
        'src/stores/redis/store.ts',
        'const args = copyArguments(to, rekey, text, fields, provisional, this.#encoding);',
        `const { login } = rekey;
      const unlimited = login === null ? rekey : { ...rekey, login: { ...login, max: 0 } };
      const args = copyArguments(to, unlimited, text, fields, provisional, this.#encoding);`,
      ],
    ],
  },
  {
    bug: 'across slots: a rotation leaves no tombstone that says where it leads',
    breaks: 'C6',
    on: 'cluster',
    change: [[across, DELETE, DELETE.replace('rekey, old', '{ ...rekey, tombstone: null }, old')]],
  },
];
