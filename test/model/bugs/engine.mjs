// Bugs of the engine in what it reads and writes: the stores work, and receive wrong requests.
const adopt = 'src/engine/adopt.ts';
const commit = 'src/engine/commit.ts';
const due = 'src/engine/due.ts';
const fields = 'src/engine/fields.ts';
const flash = 'src/session/flash.ts';
const load = 'src/engine/load.ts';
const pendingEnds = 'src/engine/pending-ends.ts';
const rekey = 'src/engine/rekey.ts';
const rotation = 'src/engine/rotation.ts';
const save = 'src/engine/save.ts';
const state = 'src/engine/state.ts';
const update = 'src/engine/update.ts';

const LOST_WITH_LOGIN =
  "      this.#replaceEpoch('lost', epoch);\n      Object.assign(this.#epoch.pending, { login, begunLogin, timeout });\n      return;";
const LOST =
  "    this.#replaceEpoch('lost');\n    this.#phase = 'lost';\n    this.#lossReason = reason;\n  }\n\n  /** Starts";

export const engineBugs = [
  {
    bug: 'a slow writer begins a new session when its own is gone, with what it was about to write',
    breaks: 'C1',
    on: 'memory',
    change: [
      [state, LOST, LOST.replace("('lost');\n    this.#phase = 'lost';", "('lost', epoch);")],
      [
        commit,
        '      return saveRecord(state, epoch, changes, sendCookie, head);',
        `      return saveRecord(state, epoch, changes, sendCookie, head).then(async () => {
        if (epoch.over === 'lost') await createRecord(state, state.epoch, null);
      });`,
      ],
    ],
  },
  {
    bug: 'a login takes over the fields of a session that was ended meanwhile',
    breaks: 'C1',
    on: 'memory',
    change: [
      [
        state,
        LOST_WITH_LOGIN,
        `      for (const name of [...epoch.fields.names()]) {
        epoch.fields.get(name);
        epoch.fields.markWritten(name);
      }
${LOST_WITH_LOGIN}`,
      ],
    ],
  },
  {
    bug: 'a logout ends the session under its old id only',
    breaks: 'C1',
    on: 'memory',
    change: [[rotation, '    handle = outcome.successor;', "    handle = '';"]],
  },
  {
    bug: 'a commit writes the whole session, as it was when the request began',
    breaks: 'C2',
    on: 'memory',
    change: [
      [
        save,
        'changeOf(state, epoch, changes ?? NO_CHANGE, timeout, cookieAttributes)',
        `changeOf(
      state,
      epoch,
      changes === null
        ? NO_CHANGE
        : { set: new Map([...fields.reserializeAll(key.handle).set, ...changes.set]), delete: changes.delete },
      timeout,
      cookieAttributes,
    )`,
      ],
    ],
  },
  {
    bug: 'a rotation takes with it what the request has loaded, in place of what there is by now',
    breaks: 'C2',
    on: 'memory',
    change: [
      [
        rekey,
        '  let isSecretKept = false;',
        `  for (const [name, value] of fields.reserializeAll(handle).set) {
    if (!changes.set.has(name) && !changes.delete.has(name)) changes.set.set(name, value);
  }
  let isSecretKept = false;`,
      ],
    ],
  },
  {
    bug: 'a write that meets a rotation is dropped in place of following it',
    breaks: 'C2',
    on: 'memory',
    change: [
      [
        rotation,
        "  if (successor === null || (!inGrace && afterGrace === 'lose')) return 'rotated';",
        "  if (successor !== undefined || (!inGrace && afterGrace === 'lose')) return 'rotated';",
      ],
    ],
  },
  {
    bug: 'what is written while a save is under way counts as saved',
    breaks: 'C2',
    on: 'memory',
    change: [
      [fields, 'if (this.#writesAtSnapshot === this.#writes) {', 'if (this.#writesAtSnapshot <= this.#writes) {'],
    ],
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
    bug: 'values that are bound to their session are rekeyed although there are others by now',
    breaks: 'C2',
    on: 'memory',
    change: [[rekey, '      exact: config.serializer.boundToHandle === true,', '      exact: false,']],
  },
  {
    bug: 'a conflict during a rekey forgets what the request has changed inside values',
    breaks: 'C2',
    on: 'memory',
    change: [
      [
        rekey,
        'epoch.fields.reload(outcome.fields, epoch.record!.key.handle);',
        'epoch.fields.load(outcome.fields, epoch.record!.key.handle);',
      ],
    ],
  },
  {
    bug: 'an update writes without looking whether the field is still the same',
    breaks: 'C3',
    on: 'memory',
    change: [[update, '{ ...fieldChange, expect: new Map([[name, before.stored]]) }', 'fieldChange']],
  },
  {
    bug: 'an update fails at the first conflict',
    breaks: 'C3',
    on: 'memory',
    change: [[update, 'const MAX_CONFLICTS = 64;', 'const MAX_CONFLICTS = 1;']],
  },
  {
    bug: 'a rekey fails at the first conflict',
    breaks: 'C2',
    on: 'memory',
    change: [[rekey, 'const MAX_CONFLICTS = 32;', 'const MAX_CONFLICTS = 1;']],
  },
  {
    bug: 'flash messages share one field',
    breaks: 'C3',
    on: 'memory',
    change: [
      [
        flash,
        "    fields.set(field(randomBytes(6).toString('base64url')), stored);",
        "    fields.set(field(''), [...((state.read(field('')) ?? []) as unknown[]), stored]);",
      ],
      [
        flash,
        '(stored.filter(Array.isArray) as unknown as StoredMessage[])',
        '((stored as unknown[][]).flatMap((each) => (Array.isArray(each[0]) ? each : [each])) as unknown as StoredMessage[])',
      ],
    ],
  },
  {
    bug: 'takeFlash reads the messages, and has them deleted by the commit',
    breaks: 'C3',
    on: 'memory',
    change: [
      [
        flash,
        '  const given = new Set(own);',
        '  if (own.length === 0) return popFlashes(state, queue);\n  const given = new Set(own);',
      ],
    ],
  },
  {
    bug: 'takeFlash returns what the request has popped before',
    breaks: 'C3',
    on: 'memory',
    change: [[flash, 'if (given.has(name) || fields.isDeleted(name)) continue;', 'if (given.has(name)) continue;']],
  },
  {
    bug: 'a reader writes back the fields that it has read',
    breaks: 'C4',
    on: 'memory',
    change: [[fields, 'const written = this.#isSet(name);', 'const written = this.#values.has(name);']],
  },
  {
    bug: 'every request renews the idle timeout, however short its last renewal was ago',
    breaks: 'C4',
    on: 'memory',
    change: [[due, 'return hasElapsed(interval, now - lastSeen);', 'return hasElapsed(0, now - lastSeen);']],
  },
  {
    bug: 'a request whose clock is behind does not renew the idle timeout',
    breaks: 'C4',
    on: 'memory',
    change: [[due, 'Math.max(ageMs, 0)', 'ageMs']],
  },
  {
    bug: 'reading does not renew the idle timeout',
    breaks: 'C4',
    on: 'memory',
    change: [
      [due, 'return hasElapsed(interval, now - lastSeen);', 'return hasElapsed(interval * 1e6, now - lastSeen);'],
    ],
  },
  {
    bug: 'a session that was given content, and lost it again, is stored all the same',
    breaks: 'C4',
    on: 'memory',
    change: [
      [fields, 'return this.isDeleted(name) && this.storedValue(name) !== undefined;', 'return this.isDeleted(name);'],
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
    change: [[load, 'const inGrace = link.now < link.graceUntil;', 'const inGrace = link.graceUntil > 0;']],
  },
  {
    bug: 'a rotated id leads nowhere, not even within its grace',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        load,
        'const mayFollow = inGrace || state.context.config.rotationGrace > 0;',
        'const mayFollow = link.graceUntil < 0;',
      ],
    ],
  },
  {
    bug: 'of two rotations at once each makes an id of its own',
    breaks: 'C6',
    on: 'memory',
    change: [[rekey, 'if (key !== from.key && isGraceful(request))', 'if (key !== from.key && !isGraceful(request))']],
  },
  {
    bug: 'the successor of an id is the same for everybody',
    breaks: 'C6',
    on: 'memory',
    change: [['src/crypto/keyring.ts', 'mac(keys.successor, `${id} ${nonce}`)', "mac(keys.successor, '')"]],
  },
  {
    bug: 'a rotation without grace leads the old id to the new one',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        rekey,
        "return login === null ? rotation === 'graceful' : login.isAdoption === true;",
        'return login === null || login.isAdoption === true;',
      ],
    ],
  },
  {
    bug: 'a login keeps the previous CSRF secret',
    breaks: 'C6',
    on: 'memory',
    change: [[rekey, '  if (isLogin && !changes.set.has(CSRF_FIELD)) changes.delete.add(CSRF_FIELD);\n', '']],
  },
  {
    bug: 'a rotation voids the forms that are open',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        rekey,
        'if (!isLogin && !changes.set.has(CSRF_FIELD) && !fields.has(CSRF_FIELD)) {',
        "if (!isLogin && changes.set.has('')) {",
      ],
    ],
  },
  {
    bug: 'a rotation puts the previous CSRF secret in place of one that another request has just made',
    breaks: 'C2',
    on: 'memory',
    change: [[rekey, 'expect: isSecretKept ? new Map([[CSRF_FIELD, undefined]]) : null', 'expect: null']],
  },
  {
    bug: 'a pending login remains after the login',
    breaks: 'C6',
    on: 'memory',
    change: [
      [rekey, '    changes.set.delete(PENDING_LOGIN_FIELD);\n    changes.delete.add(PENDING_LOGIN_FIELD);\n', ''],
    ],
  },
  {
    bug: 'a half-authenticated session can be entered by its old id',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        state,
        "pending.rotation = this.record === null ? null : 'immediate';",
        "pending.rotation = this.record === null ? null : 'graceful';",
      ],
    ],
  },
  {
    bug: 'a login as another owner carries the fields of the first account into the second',
    breaks: 'C9',
    on: 'memory',
    change: [[state, 'return present !== null && present !== owner;', "return present !== null && present === '';"]],
  },
  {
    bug: "a login as another owner leaves the first account's session alive",
    breaks: 'C6',
    on: 'memory',
    change: [[pendingEnds, "    this.#addRecord(this.#switchedFrom?.record ?? null, 'account-switch');\n", '']],
  },
  {
    bug: 'a refused login as another owner loses the session that the client had',
    breaks: 'C8',
    on: 'memory',
    change: [[state, '    if (left === null) return;\n', '    if (left !== undefined) return;\n']],
  },
  {
    bug: 'owners.revoke looks at the sessions under the newest secret only',
    breaks: 'C7',
    on: 'memory',
    change: [
      [
        'src/engine/revoke.ts',
        'context.keyring.ownerHashes(owner)) {',
        'context.keyring.ownerHashes(owner).slice(-1)) {',
      ],
    ],
  },
  {
    bug: 'a rotation by a process with an older secret is not followed',
    breaks: 'C6',
    on: 'memory',
    change: [
      [rotation, 'return keyring.successors(id, nonce).map(', 'return keyring.successors(id, nonce).slice(0, 1).map('],
    ],
  },
  {
    bug: 'a login that was begun before the sessions were revoked succeeds',
    breaks: 'C7',
    on: 'memory',
    change: [
      ['src/session/login.ts', 'return stored?.owner === owner ? stored.startedAt.getTime() : null;', 'return null;'],
    ],
  },
  {
    bug: 'a login that was begun before the password was changed succeeds',
    breaks: 'C10',
    on: 'memory',
    change: [[adopt, "  if (opened === 'opened') await checkPendingLogin(state, epoch);\n", '']],
  },
  {
    bug: 'a session from before the change of a password is opened',
    breaks: 'C10',
    on: 'memory',
    change: [
      [
        adopt,
        'if (refusal !== null) return refuseRecord(',
        "if (refusal !== null && refusal !== 'authentication-changed') return refuseRecord(",
      ],
    ],
  },
  {
    bug: 'the time of a first factor is over while the second is checked, and the login passes for one without',
    breaks: 'C7',
    on: 'memory',
    change: [['src/session/login.ts', 'state.store.firstAnsweredAt', 'state.store.now']],
  },
];
