// Bugs of cookies: a client is sent one that is not its own, or loses one that is.
const commit = 'src/engine/commit.ts';
const due = 'src/engine/due.ts';
const lifetimes = 'src/engine/lifetimes.ts';
const load = 'src/engine/load.ts';
const plan = 'src/engine/plan.ts';
const response = 'src/engine/response.ts';
const rotation = 'src/engine/rotation.ts';
const save = 'src/engine/save.ts';
const pendingEnds = 'src/engine/pending-ends.ts';
const state = 'src/engine/state.ts';

const DECISION = 'decideCookie(state.clientCookie.evidence, state.record !== null)';
const CLIENT_HAS_ANOTHER = '  if (record.id !== presentedId || signedByOldSecret || renewalRequested) return true;\n';
const UNSENT = 'if (sends && situation.unsentId !== null) return SAVE_AND_SEND;';
const LOST = "    this.#phase = 'lost';\n    this.#lossReason = reason;\n  }\n\n  /** Starts";

export const cookieBugs = [
  {
    bug: 'a request that a login has superseded deletes the cookie that the login has set',
    breaks: 'C13',
    on: 'memory',
    change: [[state, LOST, `    if (reason === 'superseded') this.clientCookie.acknowledgeEnd();\n${LOST}`]],
  },
  {
    bug: 'a request whose session was ended meanwhile deletes the cookie',
    breaks: 'C13',
    on: 'memory',
    change: [[state, LOST, `    if (reason === 'gone') this.clientCookie.acknowledgeEnd();\n${LOST}`]],
  },
  {
    bug: 'a request that comes with an id from before a login deletes the cookie that the login has set',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        state,
        '  startLost(reason: LossReason): void {\n',
        '  startLost(reason: LossReason): void {\n    this.clientCookie.acknowledgeEnd();\n',
      ],
    ],
  },
  {
    bug: 'the end of one session of a browser that has two deletes the cookie of the other',
    breaks: 'C13',
    on: 'memory',
    change: [[pendingEnds, 'this.#list.map((end) => ({ ...end, deletesCookie: false }))', 'this.#list']],
  },
  {
    bug: 'of two cookies with one id, the older signature counts, so that the cookie is sent with every response',
    breaks: 'C13',
    on: 'memory',
    change: [[load, 'else if (cookie.secret < verified[index]!.secret) verified[index] = cookie;', '']],
  },
  {
    bug: 'a cookie that opens nothing is deleted, and with it one that is newer',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        response,
        DECISION,
        `decideCookie(
    {
      ...state.clientCookie.evidence,
      ended: state.clientCookie.presentedId === null && state.exchange.header('cookie') !== undefined,
    },
    state.record !== null,
  )`,
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
        'const tombstone = isReplaced ? newTombstone(context, context.config.timeout) : null;',
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
        'keep: Math.max(grace, idleSeconds) }',
        "keep: nonce === '' ? Math.min(grace, idleSeconds) : Math.max(grace, idleSeconds) }",
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
        'keep: Math.max(grace, idleSeconds) }',
        "keep: nonce === '' ? Math.max(grace, idleSeconds) : Math.min(grace, idleSeconds) }",
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
        'sendableUntil: inGrace ? Math.min(candidate.sendableUntil, link.graceUntil) : candidate.sendableUntil,',
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
      [response, DECISION, "state.clientCookie.signedByOldSecret && state.record !== null ? 'set' : " + DECISION],
      [due, ' || signedByOldSecret || renewalRequested) return true;', ' || renewalRequested) return true;'],
    ],
  },
  {
    bug: 'the id that a rotation has led to is sent without asking the store',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        response,
        DECISION,
        `state.record !== null && state.record.id !== state.clientCookie.presentedId ? 'set' : ${DECISION}`,
      ],
      [due, CLIENT_HAS_ANOTHER, ''],
    ],
  },
  {
    bug: 'a cookie that an older secret has signed is never sent again',
    breaks: 'C13',
    on: 'memory',
    change: [[load, 'clientCookie.present(id, secret > 0);', 'clientCookie.present(id, secret < 0);']],
  },
  {
    bug: 'the id of a session that an early save has made is never sent',
    breaks: 'C13',
    on: 'memory',
    change: [
      [due, CLIENT_HAS_ANOTHER, `  if (record.issuedBy === 'creation') return false;\n${CLIENT_HAS_ANOTHER}`],
      [plan, UNSENT, UNSENT.replace('!== null', "=== 'login'")],
    ],
  },
  {
    bug: 'the new id is not sent after a login that an early save has made',
    breaks: 'C13',
    on: 'memory',
    change: [
      [due, CLIENT_HAS_ANOTHER, `  if (record.issuedBy === 'login') return false;\n${CLIENT_HAS_ANOTHER}`],
      [plan, UNSENT, UNSENT.replace('!== null', "=== 'creation'")],
    ],
  },
  {
    bug: 'a write that has followed a rotation does not bring its client the new id',
    breaks: 'C13',
    on: 'memory',
    change: [[plan, 'return head === null ? SAVE : SAVE_AND_SEND_IF_ROTATED;', 'return SAVE;']],
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
        'const mayFollow = inGrace || (state.context.config.rotationGrace > 0 && followed === 0);',
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
        "(record === undefined || record.status === 'ended' || isConfirmed(record))",
        "(record === undefined || record.status === 'ended')",
      ],
    ],
  },
  {
    bug: 'a request that comes with a new id does not confirm it',
    breaks: 'C6',
    on: 'memory',
    change: [
      [due, 'return record.timeoutOutdated || isConfirmation(state, record);', 'return record.timeoutOutdated;'],
    ],
  },
  {
    bug: 'a write of a request that comes with a new id does not confirm it',
    breaks: 'C6',
    on: 'memory',
    change: [[save, 'confirmsCookie: isConfirmation(state, record),', 'confirmsCookie: false,']],
  },
  {
    bug: 'every request that follows a rotation counts as one with the new id',
    breaks: 'C6',
    on: 'memory',
    change: [[save, 'confirmsCookie: isConfirmation(state, record),', 'confirmsCookie: true,']],
  },
  {
    bug: 'of several cookies only the first is tried',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        load,
        'others.push(result);\n    }\n    if (migration',
        'others.push(result);\n      break;\n    }\n    if (migration',
      ],
    ],
  },
  {
    bug: 'a superseded cookie keeps the next one from being tried',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        load,
        'others.push(result);\n    }\n    if (migration',
        "others.push(result);\n      if (result === 'superseded') break;\n    }\n    if (migration",
      ],
    ],
  },
  {
    bug: 'that several session cookies came is not reported',
    breaks: 'C12',
    on: 'memory',
    change: [[load, 'if (cookies.length > 1) warnOfSeveral', 'if (cookies.length > 9) warnOfSeveral']],
  },
  {
    bug: 'a client that writes often loses its cookie in the middle of its work',
    breaks: 'C13',
    on: 'memory',
    change: [[due, 'now - cookie.sentAt', 'now - record.lastSeen']],
  },
  {
    bug: 'a write never sends a cookie again that is due',
    breaks: 'C13',
    on: 'memory',
    change: [[plan, 'if (sends && situation.cookieDue) return SAVE_AND_SEND;', '']],
  },
  {
    bug: 'a new idle timeout does not reach the cookie',
    breaks: 'C13',
    on: 'memory',
    change: [[due, '  if (state.epoch.pending.timeout !== null) return true;\n', '']],
  },
  {
    bug: "the cookie does not live as long as the session's own timeout",
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        lifetimes,
        'remember === true || timeout.adjusted ? timeout.seconds : cookieMaxAge',
        'remember === true ? timeout.seconds : cookieMaxAge',
      ],
    ],
  },
  {
    bug: 'the cookie lives past the absolute expiry',
    breaks: 'C4',
    on: 'memory',
    change: [[response, 'Math.min(wanted, Math.floor((expiresAt - store.answeredAt) / 1000))', 'Math.max(wanted, 0)']],
  },
  {
    bug: "another deployment's attributes never reach a client that has a cookie",
    breaks: 'C13',
    on: 'memory',
    change: [[due, '  if (cookie.attributes !== state.cookie.attributes) return true;\n', '']],
  },
];
