// Bugs of the engine: every store does as it should, and is told the wrong thing.
const commit = 'src/engine/commit.ts';
const fields = 'src/engine/fields.ts';
const move = 'src/engine/rekey.ts';
const open = 'src/engine/open.ts';
const save = 'src/engine/save.ts';
const state = 'src/engine/state.ts';
const succession = 'src/engine/rotation.ts';
const update = 'src/engine/update.ts';

export const engineBugs = [
  {
    bug: 'a slow writer begins anew when its session is gone, with what it was about to write',
    breaks: 'C1',
    on: 'memory',
    change: [
      [
        save,
        `    state.fields.reset();
    state.timeout = null;`,
        `    state.fields.detach();
    state.timeout = null;`,
      ],
      [
        commit,
        '      await saveRecord(state, changes);',
        '      await saveRecord(state, changes);\n      if (state.key === null) await createRecord(state);',
      ],
    ],
  },
  {
    bug: 'a login takes over the fields of a session that was ended meanwhile',
    breaks: 'C1',
    on: 'memory',
    change: [
      [
        save,
        '    state.fields.detach();\n  } else {',
        '    for (const name of state.fields.names()) state.fields.markWritten(name);\n  } else {',
      ],
    ],
  },
  {
    bug: 'a logout ends the session under its old id only',
    breaks: 'C1',
    on: 'memory',
    change: [
      [
        'src/engine/end.ts',
        "    if (outcome.successor === '') return false;",
        "    if (outcome.status === 'tombstone') return false;",
      ],
    ],
  },
  {
    bug: 'a commit writes the whole session, as it was when the request began',
    breaks: 'C2',
    on: 'memory',
    change: [
      [
        save,
        'const request = asChange(changes, state.timeout);',
        `const request = asChange(changes, state.timeout);
    const whole = new Map([...fields.rebind(handle).set, ...request.set]);
    Object.assign(request, { set: whole });`,
      ],
    ],
  },
  {
    bug: 'a rotation takes with it what the request has loaded, in place of what there is by now',
    breaks: 'C2',
    on: 'memory',
    change: [
      [
        move,
        '  const carried = carryCsrfSecret(state, written, handle);',
        `  for (const [name, value] of fields.rebind(handle).set) {
    if (!written.set.has(name) && !written.delete.has(name)) written.set.set(name, value);
  }
  const carried = carryCsrfSecret(state, written, handle);`,
      ],
    ],
  },
  {
    bug: 'a write that meets a rotation is dropped in place of following it',
    breaks: 'C2',
    on: 'memory',
    change: [[succession, '  if (successor === null) return false;', '  if (successor !== undefined) return false;']],
  },
  {
    bug: 'what is written while a save is under way counts as saved',
    breaks: 'C2',
    on: 'memory',
    change: [[fields, 'if (this.#asked === this.#writes) {', 'if (this.#asked <= this.#writes) {']],
  },
  {
    bug: 'a change inside a value is not noticed',
    breaks: 'C2',
    on: 'memory',
    change: [
      [
        fields,
        '    if (!isMutable(value)) return undefined;\n    const remembered',
        '    if (isMutable(value)) return undefined;\n    const remembered',
      ],
    ],
  },
  {
    bug: 'values that are bound to their session are moved although there are others by now',
    breaks: 'C2',
    on: 'memory',
    change: [[move, '    exact: state.engine.options.serializer.boundToHandle === true,', '    exact: false,']],
  },
  {
    bug: 'a conflict during a move forgets what the request has changed inside values',
    breaks: 'C2',
    on: 'memory',
    change: [
      [move, 'state.fields.reload(outcome.fields, from.handle);', 'state.fields.load(outcome.fields, from.handle);'],
    ],
  },
  {
    bug: 'an update writes without looking whether the field is still the same',
    breaks: 'C3',
    on: 'memory',
    change: [[update, '      expect: new Map([[name, before.stored]]),', '      expect: null,']],
  },
  {
    bug: 'flash messages share one field',
    breaks: 'C3',
    on: 'memory',
    change: [
      [
        'src/session/flash.ts',
        '  state.fields.set(flashPrefix(queue) + unique, [nextAt(), message] satisfies StoredMessage);',
        `  const name = flashPrefix(queue) + unique.slice(0, 0);
  const present = (state.read(name) ?? []) as unknown[];
  state.fields.set(name, [...present, [nextAt(), message]]);`,
      ],
      [
        'src/session/flash.ts',
        '(stored.filter(Array.isArray) as unknown as StoredMessage[])',
        '(stored.flat() as unknown as StoredMessage[])',
      ],
    ],
  },
  {
    bug: 'takeFlash reads the messages, and has them deleted by the commit',
    breaks: 'C3',
    on: 'memory',
    change: [
      [
        'src/session/flash.ts',
        '  const given = new Set(own);',
        `  const given = new Set(own);
  if (given.size === 0) return Promise.resolve(popFlashes(state, queue));`,
      ],
    ],
  },
  {
    bug: 'takeFlash gives what the request has popped before',
    breaks: 'C3',
    on: 'memory',
    change: [
      [
        'src/session/flash.ts',
        'if (given.has(name) || state.fields.isWritten(name)) continue;',
        'if (given.has(name)) continue;',
      ],
    ],
  },
  {
    bug: 'a reader writes back the fields that it has read',
    breaks: 'C4',
    on: 'memory',
    change: [[fields, 'const written = this.#written?.has(name) === true;', 'const written = this.#values.has(name);']],
  },
  {
    bug: 'every request renews the idle timeout, however short its last renewal was ago',
    breaks: 'C4',
    on: 'memory',
    change: [[state, 'return age >= interval * 1000 || age < -1000;', 'return age >= interval || age > -1000;']],
  },
  {
    bug: 'reading does not renew the idle timeout',
    breaks: 'C4',
    on: 'memory',
    change: [[state, 'return age >= interval * 1000 || age < -1000;', 'return age >= interval * 1e9;']],
  },
  {
    bug: 'a session that was given content, and lost it again, is stored all the same',
    breaks: 'C4',
    on: 'memory',
    change: [
      [
        fields,
        'return this.#deleted?.has(name) === true && this.#storedValue(name) !== undefined;',
        'return this.#deleted?.has(name) === true;',
      ],
    ],
  },
  {
    bug: 'the response leaves before the store has answered',
    breaks: 'C5',
    on: 'memory',
    change: [
      [
        'src/factory.ts',
        '    if (committing === undefined) {',
        `    committing?.catch(() => {});
    if (committing !== null) {`,
      ],
    ],
  },
  {
    bug: 'the grace of a rotated id never ends',
    breaks: 'C6',
    on: 'memory',
    change: [[open, '  if (trace.now < trace.graceUntil) {', '  if (trace.graceUntil > 0) {']],
  },
  {
    bug: 'a rotated id leads nowhere, not even within its grace',
    breaks: 'C6',
    on: 'memory',
    change: [[open, '  if (trace.now < trace.graceUntil) {', '  if (trace.graceUntil < 0) {']],
  },
  {
    bug: 'of two rotations at once each makes an id of its own',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        move,
        "if (state.login === null && state.rotate === 'grace') {",
        "if (state.login === null && state.rotate === 'cut') {",
      ],
    ],
  },
  {
    bug: 'the successor of an id is the same for everybody',
    breaks: 'C6',
    on: 'memory',
    change: [['src/crypto/keyring.ts', 'mac(keys.successor, `${id} ${nonce}`)', "mac(keys.successor, '')"]],
  },
  {
    bug: 'a request that a login has superseded deletes the cookie that the login has set',
    breaks: 'C6',
    on: 'memory',
    change: [[save, "  state.cookie = reason === 'gone' ? 'delete' : 'keep';", "  state.cookie = 'delete';"]],
  },
  {
    bug: 'a request that comes with an id of before a login deletes the cookie that the login has set',
    breaks: 'C6',
    on: 'memory',
    change: [
      [open, "      state.phase = 'superseded';", "      state.phase = 'superseded';\n      state.cookie = 'delete';"],
    ],
  },
  {
    bug: 'a login keeps the CSRF secret of before',
    breaks: 'C6',
    on: 'memory',
    change: [[move, '    changes.delete.add(CSRF_FIELD);\n', '']],
  },
  {
    bug: 'a rotation voids the forms that are open',
    breaks: 'C6',
    on: 'memory',
    change: [[move, '  if (state.fields.has(CSRF_FIELD)) return false;', '  if (state.id !== null) return false;']],
  },
  {
    bug: 'a rotation puts the CSRF secret of before in place of one that another request has just made',
    breaks: 'C2',
    on: 'memory',
    change: [[move, 'expect: carried ? new Map([[CSRF_FIELD, undefined]]) : null', 'expect: carried ? null : null']],
  },
  {
    bug: 'a pending login remains after the login',
    breaks: 'C6',
    on: 'memory',
    change: [['src/session/login.ts', '  state.fields.delete(PENDING_FIELD);\n', '']],
  },
  {
    bug: 'a half-authenticated session can be entered by its old id',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        'src/session/login.ts',
        "state.rotate = state.key === null ? null : 'cut';",
        "state.rotate = state.key === null ? null : 'grace';",
      ],
    ],
  },
  {
    bug: 'two updates at once: the second to learn of a rotation gives the session up',
    breaks: 'C3',
    on: 'memory',
    change: [[save, '  if (state.id !== id) return state.id !== null;\n', '  if (state.id === null) return false;\n']],
  },
];
