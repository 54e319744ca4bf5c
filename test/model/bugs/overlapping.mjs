// Bugs of what overlaps inside a request, and of what is not reported: sessions that are lost, and changes after the head.
const adopt = 'src/engine/adopt.ts';
const commit = 'src/engine/commit.ts';
const access = 'src/engine/access.ts';
const fields = 'src/engine/fields.ts';
const flash = 'src/session/flash.ts';
const load = 'src/engine/load.ts';
const pendingEnds = 'src/engine/pending-ends.ts';
const plan = 'src/engine/plan.ts';
const rekey = 'src/engine/rekey.ts';
const rotation = 'src/engine/rotation.ts';
const state = 'src/engine/state.ts';
const update = 'src/engine/update.ts';

export const overlappingBugs = [
  {
    bug: 'operations of one request do not wait for each other',
    breaks: 'C11',
    on: 'memory',
    change: [
      [
        'src/internal/serial-queue.ts',
        '    if (this.#last !== null) return this.#track(this.#last.then(() => operation(...args)));\n',
        '',
      ],
    ],
  },
  {
    bug: 'a logout leaves alive the session that a save under way was about to make',
    breaks: 'C11',
    on: 'memory',
    change: [[pendingEnds, '    this.#addRecord(record, this.#reason);\n', '']],
  },
  {
    bug: 'what is under way goes on although the request has ended its session',
    breaks: 'C11',
    on: 'memory',
    change: [[rotation, '    if (epoch.over !== null) return null;\n', '']],
  },
  {
    bug: "save() fails when the request's own logout overtakes it",
    breaks: 'C12',
    on: 'memory',
    change: [
      [rotation, '    if (epoch.over !== null) return null;\n', '    if (epoch.over !== null) throw sessionEnded();\n'],
    ],
  },
  {
    bug: 'a commit goes on with a session that the request has ended meanwhile',
    breaks: 'C11',
    on: 'memory',
    change: [[commit, '  if (epoch.over !== null) return undefined;\n  switch', '  switch']],
  },
  {
    bug: 'an update that was called before a logout writes to the session that follows',
    breaks: 'C11',
    on: 'memory',
    change: [
      [
        update,
        "  if (asked.over !== null || state.phase === 'lost') throw sessionEnded();",
        "  if (state.phase === 'lost') throw sessionEnded();",
      ],
    ],
  },
  {
    bug: 'what an update brings back after a logout is written to the session that follows',
    breaks: 'C11',
    on: 'memory',
    change: [[update, '      fields.markSaved(name,', '      state.epoch.fields.markSaved(name,']],
  },
  {
    bug: 'takeFlash that was called before a logout takes the messages of the session that follows',
    breaks: 'C11',
    on: 'memory',
    change: [[flash, '  if (asked.over !== null) return [];\n', '']],
  },
  {
    bug: 'a write after an update that is not awaited is overwritten by it',
    breaks: 'C11',
    on: 'memory',
    change: [
      [
        fields,
        '    if (this.#isSet(name) || this.isDeleted(name)) return;\n',
        '    this.#written?.delete(name);\n    this.#deleted?.delete(name);\n',
      ],
    ],
  },
  {
    bug: 'a second load does not wait for the first',
    breaks: 'C11',
    on: 'memory',
    change: [
      [
        state,
        '    this.#loading ??= load()',
        '    if (this.#loading !== null) return Promise.resolve();\n    this.#loading = load()',
      ],
    ],
  },
  {
    bug: 'a session can be used while it is still being checked',
    breaks: 'C10',
    on: 'memory',
    change: [
      [
        adopt,
        '  state.store.observeClock(record.now);\n  const judged',
        '  state.store.observeClock(record.now);\n  state.markLoaded();\n  const judged',
      ],
    ],
  },
  {
    bug: 'reload adopts a session without the checks of a load',
    breaks: 'C10',
    on: 'memory',
    change: [
      [
        adopt,
        'if (config.invalidateBefore === null || judged.refusal !== null)',
        'if (config.invalidateBefore === null || judged.refusal !== null || epoch.record !== null)',
      ],
    ],
  },
  {
    bug: 'reload adopts a session that the request has ended meanwhile',
    breaks: 'C11',
    on: 'memory',
    change: [[adopt, "  if (epoch.over !== null) return 'rejected';\n", '']],
  },
  {
    bug: 'a change in place is lost by a following update of the field',
    breaks: 'C11',
    on: 'memory',
    change: [[update, '  fields.markInPlaceChange(name);\n', '']],
  },
  {
    bug: 'a login that overtakes another one takes over the session of that owner',
    breaks: 'C11',
    on: 'memory',
    change: [[commit, '  state.separateOwners();\n', '']],
  },
  {
    bug: 'save() that is called before the head leaves is refused as late',
    breaks: 'C11',
    on: 'memory',
    change: [
      [commit, '    headLeft,\n    insecure', '    headLeft: head === null && state.headLeaving,\n    insecure'],
    ],
  },
  {
    bug: 'an update of a session that was ended elsewhere looks like success',
    breaks: 'C12',
    on: 'memory',
    change: [[update, '    if (outcome === null) throw sessionEnded();', '    if (outcome === null) return value;']],
  },
  {
    bug: 'save() of a session that was ended elsewhere looks like success',
    breaks: 'C12',
    on: 'memory',
    change: [
      [
        commit,
        "    throw error;\n  }\n  if (head === null && state.phase === 'lost') throw sessionEnded();\n",
        '    throw error;\n  }\n',
      ],
    ],
  },
  {
    bug: 'save() of a session that is lost already looks like success',
    breaks: 'C12',
    on: 'memory',
    change: [
      [
        commit,
        "    state.discardChanges(plan.discard, epoch);\n    if (head === null && state.phase === 'lost') throw sessionEnded();\n",
        '    state.discardChanges(plan.discard, epoch);\n',
      ],
    ],
  },
  {
    bug: 'what is written to a lost session is discarded in silence',
    breaks: 'C12',
    on: 'memory',
    change: [
      [
        commit,
        '    state.discardChanges(plan.discard, epoch);\n',
        '    epoch.fields.discardChanges();\n    epoch.pending.clear();\n',
      ],
    ],
  },
  {
    bug: 'what a save could not store is discarded in silence',
    breaks: 'C12',
    on: 'memory',
    change: [[rotation, "  if (discards) events.emit('discarded', { handle, reason });\n", '']],
  },
  {
    bug: 'a new idle timeout is lost with its session in silence',
    breaks: 'C12',
    on: 'memory',
    change: [['src/engine/epoch.ts', 'this.rotation !== null || this.timeout !== null;', 'this.rotation !== null;']],
  },
  {
    bug: 'a new idle timeout is lost in silence when the session was lost before',
    breaks: 'C12',
    on: 'memory',
    change: [[plan, 'return hasChanges || login || situation.timeout ? {', 'return hasChanges || login ? {']],
  },
  {
    bug: 'a login that begins a session of its own forgets the new idle timeout',
    breaks: 'C12',
    on: 'memory',
    change: [
      [
        state,
        'Object.assign(this.#epoch.pending, { login, begunLogin, timeout });\n      return;',
        'Object.assign(this.#epoch.pending, { login, begunLogin });\n      return;',
      ],
    ],
  },
  {
    bug: 'a login that begins a session of its own forgets the first factor of another one',
    breaks: 'C11',
    on: 'memory',
    change: [
      [
        state,
        'Object.assign(this.#epoch.pending, { login, begunLogin, timeout });\n      return;',
        'Object.assign(this.#epoch.pending, { login, timeout });\n      return;',
      ],
    ],
  },
  {
    bug: 'a first factor that is begun while another is on its way to the store is forgotten',
    breaks: 'C11',
    on: 'memory',
    change: [
      [
        rekey,
        'if (pending.begunLogin === request.begunLogin) pending.begunLogin = null;',
        'pending.begunLogin = null;',
      ],
    ],
  },
  {
    bug: 'a session that was lost can be written, and becomes a new one',
    breaks: 'C1',
    on: 'memory',
    change: [
      [
        state,
        "    this.#phase = 'lost';\n    this.#lossReason = reason;\n  }\n\n  /** Starts",
        '    this.#lossReason = reason;\n  }\n\n  /** Starts',
      ],
    ],
  },
  {
    bug: 'a request with an id from before a login begins a session beside it',
    breaks: 'C6',
    on: 'memory',
    change: [[load, "      else if (others.includes('superseded')) state.startLost('superseded');\n", '']],
  },
  {
    bug: 'the end of a session by another request is not reported',
    breaks: 'C12',
    on: 'memory',
    change: [[rotation, "  if (reason === 'gone') events.emit('lost', { handle });\n", '']],
  },
  {
    bug: 'the use of a rotated id is not reported',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        load,
        "  state.context.events.emit('staleId', { handle, successor: successor === '' ? null : successor });\n",
        '',
      ],
    ],
  },
  {
    bug: 'logout() after the head has left looks like success',
    breaks: 'C12',
    on: 'memory',
    change: [
      [access, '  if (state.headLeaving) throw headersSent(`\\`session.${operation}()\\` cannot take effect`);\n', ''],
    ],
  },
  {
    bug: 'a write to a session that is not stored is taken after the head has left',
    breaks: 'C12',
    on: 'memory',
    change: [
      [
        access,
        "  if (state.headLeaving && state.record === null) throw headersSent('A session that is not stored cannot be changed');\n",
        '',
      ],
    ],
  },
  {
    bug: 'a write after the head has left is dropped in silence',
    breaks: 'C12',
    on: 'memory',
    change: [
      [
        state,
        "if (record === null ? fields.changed : asks) this.discardChanges('late');",
        'if (record !== null && asks) fields.discardChanges();',
      ],
    ],
  },
  {
    bug: 'a process goes by its own clock',
    breaks: 'C4',
    on: 'memory',
    change: [
      [
        'src/engine/request-store.ts',
        'return this.#clockOffset === null ? Date.now() : performance.now() + this.#clockOffset;',
        'return Date.now();',
      ],
    ],
  },
  {
    bug: "the store's clock is read off an answer that has waited for the application",
    breaks: 'C4',
    on: 'memory',
    change: [
      [adopt, '  state.store.observeClock(record.now);\n  const judged', '  const judged'],
      [
        adopt,
        '  // The request has ended its session while the application was asked.\n',
        '  state.store.observeClock(record.now);\n  // The request has ended its session while the application was asked.\n',
      ],
    ],
  },
  {
    bug: 'a login that is begun is dated by the clock of the process',
    breaks: 'C10',
    on: 'memory',
    change: [
      [
        'src/engine/pending-login.ts',
        'const startedAt = Math.floor(store.now - (performance.now() - at));',
        'const startedAt = Date.now();',
      ],
    ],
  },
  {
    bug: 'a rotation in a response that may be shared is dropped silently',
    breaks: 'C9',
    on: 'memory',
    change: [
      [
        plan,
        'const mustNotBeLost = login || rotation || situation.begunLogin;',
        'const mustNotBeLost = login || situation.begunLogin;',
      ],
    ],
  },
  {
    bug: 'a rotation in a response that may be shared is stored, and its cookie withheld',
    breaks: 'C9',
    on: 'memory',
    change: [
      [
        plan,
        '  const needsCookie = login || (stored ? rotation : hasChanges);',
        '  const needsCookie = login || (!stored && hasChanges);',
      ],
    ],
  },
];
