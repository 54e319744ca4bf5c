// Bugs of cookies: a client is sent one that is not its own, or loses one that is.
const commit = 'src/engine/commit.ts';
const due = 'src/engine/due.ts';
const load = 'src/engine/load.ts';
const plan = 'src/engine/plan.ts';
const response = 'src/engine/response.ts';
const rotation = 'src/engine/rotation.ts';
const save = 'src/engine/save.ts';
const state = 'src/engine/state.ts';

const EVIDENCE = '    return { id: this.#acknowledgedId, ended: this.#clientSessionEnded };';
const LOST = "    this.#phase = 'lost';\n    this.#lossReason = reason;\n  }\n\n  /** Starts";

export const cookieBugs = [
  {
    bug: 'a request that a login has superseded deletes the cookie that the login has set',
    breaks: 'C13',
    on: 'memory',
    change: [[state, LOST, `    this.#clientSessionEnded = reason === 'superseded';\n${LOST}`]],
  },
  {
    bug: 'a request whose session was ended meanwhile deletes the cookie',
    breaks: 'C13',
    on: 'memory',
    change: [[state, LOST, `    this.#clientSessionEnded = reason === 'gone';\n${LOST}`]],
  },
  {
    bug: 'a request that comes with an id of before a login deletes the cookie that the login has set',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        state,
        '  startLost(reason: LossReason): void {\n',
        '  startLost(reason: LossReason): void {\n    this.#clientSessionEnded = true;\n',
      ],
    ],
  },
  {
    bug: 'a cookie that opens nothing is deleted, and with it one that is newer',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        state,
        EVIDENCE,
        `    const isDead = this.#presentedId === null && this.record === null && this.#phase === 'ready';
    const ended = isDead && this.exchange.header('cookie') !== undefined;
    return { id: this.#acknowledgedId, ended: this.#clientSessionEnded || ended };`,
      ],
    ],
  },
  {
    bug: 'a logout that has ended nothing deletes the cookie',
    breaks: 'C13',
    on: 'memory',
    change: [[state, 'if (existed && end.deletesCookie)', 'if (end.deletesCookie)']],
  },
  {
    bug: 'a logout leaves the cookie',
    breaks: 'C13',
    on: 'memory',
    change: [[state, 'if (existed && end.deletesCookie)', 'if (existed && !end.deletesCookie)']],
  },
  {
    bug: 'an end that is followed by new content leaves nothing that says so',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        commit,
        'const tombstone = isReplaced ? replacedTombstone(context, context.config.timeout) : null;',
        'const tombstone = isReplaced ? null : null;',
      ],
    ],
  },
  {
    bug: 'what remains of an id after a login is forgotten with its grace',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        rotation,
        "return { nonce: '', grace: config.rotationGrace, keep: Math.max(config.rotationGrace, idleSeconds) };",
        "return { nonce: '', grace: config.rotationGrace, keep: Math.min(config.rotationGrace, idleSeconds) };",
      ],
    ],
  },
  {
    bug: 'what remains of a rotated id is forgotten with its grace',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        rotation,
        'return { nonce, grace: config.rotationGrace, keep: Math.max(config.rotationGrace, idleSeconds) };',
        'return { nonce, grace: config.rotationGrace, keep: Math.min(config.rotationGrace, idleSeconds) };',
      ],
    ],
  },
  {
    bug: 'a slow request that ends after the grace of a rotation is sent the new id',
    breaks: 'C6',
    on: 'memory',
    change: [[save, ' && outcome.now < epoch.record!.sendableUntil) state.acknowledge', ') state.acknowledge']],
  },
  {
    bug: 'a request that has followed a rotation when it began is sent the new id after the grace',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        load,
        'sendableUntil: inGrace ? Math.min(candidate.sendableUntil, record.graceUntil) : candidate.sendableUntil,',
        'sendableUntil: candidate.sendableUntil,',
      ],
    ],
  },
  {
    bug: 'a slow request that takes messages after the grace of a rotation goes on under the new id',
    breaks: 'C6',
    on: 'memory',
    change: [['src/session/flash.ts', "onRecord(state, epoch, 'lose',", "onRecord(state, epoch, 'follow',"]],
  },
  {
    bug: 'a cookie that an older secret has signed is sent again without asking the store',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        state,
        EVIDENCE,
        `    const renewed = this.#cookieOutdated ? (this.record?.id ?? null) : null;
    return { id: this.#acknowledgedId ?? renewed, ended: this.#clientSessionEnded };`,
      ],
      [due, ' || state.cookieOutdated) return true;', ') return true;'],
    ],
  },
  {
    bug: 'the id that a rotation has led to is sent without asking the store',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        state,
        EVIDENCE,
        `    const id = this.record !== null && this.record.id !== this.#presentedId ? this.record.id : null;
    return { id: this.#acknowledgedId ?? id, ended: this.#clientSessionEnded };`,
      ],
      [due, '  if (record.id !== state.presentedId || state.cookieOutdated) return true;\n', ''],
    ],
  },
  {
    bug: 'a cookie that an older secret has signed is never sent again',
    breaks: 'C13',
    on: 'memory',
    change: [[load, 'state.present(id, secret > 0);', 'state.present(id, secret < 0);']],
  },
  {
    bug: 'the id of a session that an early save has made is never sent',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        due,
        '  if (record.id !== state.presentedId || state.cookieOutdated) return true;',
        '  if ((record.fromClient && record.id !== state.presentedId) || state.cookieOutdated) return true;',
      ],
    ],
  },
  {
    bug: 'the new id is not sent after a login that an early save has made',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        due,
        '  if (record.id !== state.presentedId || state.cookieOutdated) return true;',
        '  if ((!record.fromClient && record.id !== state.presentedId) || state.cookieOutdated) return true;',
      ],
    ],
  },
  {
    bug: 'a write that has followed a rotation does not bring its client the new id',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        plan,
        "const due = situation.cookieDue ? 'always' : 'if-rotated';",
        "const due = situation.cookieDue ? 'always' : 'never';",
      ],
    ],
  },
  {
    bug: 'an honest client whose response with the new id was lost is logged out after the grace',
    breaks: 'C6',
    on: 'memory',
    change: [
      [load, 'const mayFollow = inGrace || state.context.config.rotationGrace > 0;', 'const mayFollow = inGrace;'],
    ],
  },
  {
    bug: 'a client that has lost two responses with new ids is logged out after the grace',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        load,
        'const mayFollow = inGrace || state.context.config.rotationGrace > 0;',
        'const mayFollow = inGrace || (state.context.config.rotationGrace > 0 && expiredLink === null);',
      ],
    ],
  },
  {
    bug: 'a copied id is followed after its grace although the client has come with the new one',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        load,
        'if (expiredLink !== null && (record === undefined || isConfirmed(record))) {',
        'if (expiredLink !== null && record === undefined) {',
      ],
    ],
  },
  {
    bug: 'a request that comes with a new id does not confirm it',
    breaks: 'C6',
    on: 'memory',
    change: [
      [
        due,
        'return record.timeoutOutdated || (!record.meta.cookie.confirmed && record.id === state.presentedId);',
        'return record.timeoutOutdated;',
      ],
    ],
  },
  {
    bug: 'a write of a request that comes with a new id does not confirm it',
    breaks: 'C6',
    on: 'memory',
    change: [[save, 'confirmsCookie: !meta.cookie.confirmed && id === state.presentedId,', 'confirmsCookie: false,']],
  },
  {
    bug: 'every request that follows a rotation counts as one with the new id',
    breaks: 'C6',
    on: 'memory',
    change: [[save, 'confirmsCookie: !meta.cookie.confirmed && id === state.presentedId,', 'confirmsCookie: true,']],
  },
  {
    bug: 'of several cookies only the first is tried',
    breaks: 'C13',
    on: 'memory',
    change: [[load, "    if (opened !== 'opened') continue;\n", "    if (opened !== 'opened') break;\n"]],
  },
  {
    bug: 'a superseded cookie keeps the next one from being tried',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        load,
        "    if (opened === 'superseded') superseded = true;\n",
        "    if (opened === 'superseded') return state.startLost(opened);\n",
      ],
    ],
  },
  {
    bug: 'that several session cookies came is not reported',
    breaks: 'C12',
    on: 'memory',
    change: [[load, '    if (cookies.length > 1) {', '    if (cookies.length > 9) {']],
  },
  {
    bug: 'a client that writes often loses its cookie in the middle of its work',
    breaks: 'C13',
    on: 'memory',
    change: [[due, 'state.now - cookie.sentAt >= interval', 'state.now - record.lastSeen >= interval']],
  },
  {
    bug: 'a write never sends a cookie again that is due',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        plan,
        "  if (hasChanges || timeout) return { write: 'save', sendCookie };",
        "  if (hasChanges || timeout) return { write: 'save', sendCookie: 'never' };",
      ],
    ],
  },
  {
    bug: 'a new idle timeout does not reach the cookie',
    breaks: 'C13',
    on: 'memory',
    change: [[due, 'return state.epoch.pending.timeout !== null || state.now', 'return state.now']],
  },
  {
    bug: "the cookie does not live as long as the session's own timeout",
    breaks: 'C13',
    on: 'memory',
    change: [
      [response, 'timeout.adjusted ? timeout.seconds : cookieMaxAge', 'timeout.adjusted ? cookieMaxAge : cookieMaxAge'],
    ],
  },
  {
    bug: 'the cookie lives past the absolute expiry',
    breaks: 'C4',
    on: 'memory',
    change: [[response, 'Math.min(wanted, Math.floor((expiresAt - now) / 1000))', 'Math.max(wanted, 0)']],
  },
  {
    bug: "another deployment's attributes never reach a client that has a cookie",
    breaks: 'C13',
    on: 'memory',
    change: [[due, '  if (cookie.attributes !== config.cookieAttributes) return true;\n', '']],
  },
];
