// In development, a change of the module that makes the factory, and of a page, ends no session and leaves no connection
// behind. An example with a development server that reloads names both files in its package.json, as `hotReload`, with
// `restarts: true` if a change of the first starts another process or thread: then sessions in memory end with it, and only
// the page is edited there.
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Visitor } from '../../examples/playbooks/visitor.mjs';

const ROUNDS = 3;
const ANSWER_MS = 5000;

/** A source that is edited, so that it is compiled again. */
class Source {
  #path;
  #text;

  constructor(path) {
    this.#path = path;
    this.#text = readFileSync(path, 'utf8');
  }

  /** Replaces text of what the file was. */
  edit(from, to) {
    assert.ok(this.#text.includes(from), `${this.#path} has "${from}"`);
    this.#write(this.#text.replace(from, to));
  }

  restore() {
    this.#write(this.#text);
  }

  /** In one step: a development server that reads a half-written file waits for the next change of it. */
  #write(text) {
    const written = `${this.#path}.new`;
    writeFileSync(written, text);
    renameSync(written, this.#path);
  }
}

/** Waits for what a server in development does when it sees fit. */
async function eventually(what, isSo) {
  const deadline = Date.now() + 60_000;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, `${what}, within a minute`);
    await delay(100);
  }
}

/**
 * Edits the example while a user is logged in.
 *
 * @param files the module that makes the factory, if it is to be edited, and the page that shows the visits
 * @param countConnections returns how many connections Redis has, where there is one
 */
export async function checkHotReload(origin, folder, files, countConnections) {
  const page = new Source(join(folder, files.page));
  const session = files.session === undefined ? undefined : new Source(join(folder, files.session));
  const visitor = new Visitor(origin);
  await visitor.logIn();
  await visitor.get('/');
  await visitor.me();
  const before = await countConnections?.();
  try {
    for (let round = 1; round <= ROUNDS; round++) await checkRound(round, visitor, session, page);
  } finally {
    page.restore();
    session?.restore();
  }
  if (before === undefined) return;
  // A connection that is replaced may be closed a moment later.
  await eventually(`${before} connections`, async () => (await countConnections()) <= before);
}

async function checkRound(round, visitor, session, page) {
  const { cookie } = visitor;
  const { visits } = await visitor.me();
  const label = `Visits in round ${round}:`;
  session?.edit('visits: number;', `visits: number;\n  round${round}: boolean;`);
  let savedAt = 0;
  await eventually(`the page says "${label}"`, async () => {
    // A watcher can miss a change that follows another one at once. A developer would save the file again.
    if (Date.now() - savedAt > ANSWER_MS) {
      page.edit('Visits:', label);
      savedAt = Date.now();
    }
    // While the server starts a part of itself again, it may close connections, or never answer a request.
    const signal = AbortSignal.timeout(ANSWER_MS);
    const { status, text } = await visitor.request('/', { signal }).catch(() => ({ status: 0 }));
    return status === 200 && text.includes(label);
  });
  const now = await visitor.me();
  assert.equal(now.owner, 'alice', `round ${round}: the login is kept`);
  assert.ok(now.visits > visits, `round ${round}: the visits are kept, ${visits} before and ${now.visits} now`);
  assert.equal(visitor.cookie, cookie);
}
