import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, test } from 'vitest';
import { SESSION_INVALIDATED } from 'websauna-session';
import { quiet } from '../../adapters/support/store-gate.ts';
import { Jar, MemoryHead, visit, Visit } from '../../support/visit.ts';
import { type Data, type Factory, type MakeFactory, type Session, record, started, useFactories } from './factories.ts';

const ended = { code: 'ERR_SESSION_ENDED', status: 409 };
const add = (n: unknown): number => Number(n ?? 0) + 1;

/** Reads until the test says so: what `invalidateBefore` waits for. */
class Gate {
  #open!: () => void;
  readonly opened: Promise<void> = new Promise((resolve) => (this.#open = resolve));
  readonly #entered: (() => void)[] = [];
  #waiting = 0;

  open(): void {
    this.#open();
  }

  async pass(): Promise<null> {
    this.#waiting++;
    for (const enter of this.#entered.splice(0)) enter();
    await this.opened;
    return null;
  }

  async entered(): Promise<void> {
    if (this.#waiting === 0) await new Promise<void>((resolve) => this.#entered.push(resolve));
  }
}

/** C11: operations of one request behave as if one came after the other, and an end wins over everything under way. */
export function requestSuite(title: string, make: MakeFactory): void {
  const { open } = useFactories(make);
  const read = (factory: Factory, jar: Jar): Promise<Data> =>
    visit(factory, new Jar(jar), (session) => ({ ...session.toJSON(), owner: session.owner }));

  describe(`${title}: C11, one order in one request`, () => {
    test.each(['a new visitor', 'a known one'])('a logout during the save of a login wins, for %s', async (who) => {
      let onNewId = (): void => {};
      const idGenerator = (): string => {
        onNewId();
        return randomBytes(32).toString('base64url');
      };
      const factory = open({ idGenerator });
      const owner = randomUUID();
      const jar = who === 'a new visitor' ? new Jar() : await started(factory);
      const before = jar.header;
      const request = await Visit.open(factory, jar);
      request.session.login(owner);
      // The login is about to be sent to the store.
      onNewId = () => request.session.logout();
      await request.session.save();
      onNewId = () => {};
      await request.end();
      assert.equal(jar.header, undefined);
      assert.deepEqual(await factory.owners.list(owner), []);
      if (before === undefined) return;
      const old = new Jar();
      old.cookies.set('session', before.slice('session='.length));
      assert.deepEqual(await read(factory, old), { owner: null });
    });

    test('what an update brings back after a logout is not in the session that follows', async () => {
      const factory = open();
      const jar = await started(factory, (session) => {
        session.set('secret', 1);
        session.login(randomUUID());
      });
      await visit(factory, jar, async (session) => {
        const updating = session.update('secret', add);
        session.logout();
        session.flash('Goodbye');
        await updating;
      });
      await visit(factory, jar, (session) => {
        assert.deepEqual(session.keys(), []);
        assert.equal(session.owner, null);
        assert.deepEqual(session.popFlash(), ['Goodbye']);
      });
    });

    test('an update that has not begun before the logout rejects', async () => {
      const factory = open();
      const jar = await started(factory);
      await visit(factory, jar, async (session) => {
        const first = session.update('a', add);
        const second = session.update('a', add);
        session.logout();
        assert.equal(await first, 2);
        await assert.rejects(second, ended);
      });
    });

    test('updates, takes and reloads that are not awaited do not keep a login from its cookie', async () => {
      const factory = open();
      const events = record(factory, 'storeError');
      await Promise.all(
        Array.from({ length: 30 }, async () => {
          const jar = await started(factory, (session) => session.set('n', 1).flash('one'));
          const owner = randomUUID();
          let updating: Promise<unknown> | undefined;
          await visit(factory, jar, (session) => {
            updating = session.update('n', add);
            void session.takeFlash();
            void session.reload();
            session.login(owner);
          });
          assert.equal(await updating, 2);
          assert.deepEqual(await read(factory, jar), { n: 2, owner });
        }),
      );
      assert.deepEqual(events.storeError, []);
    });

    test('operations that are not awaited take effect in the order of their calls', async () => {
      const factory = open();
      const jar = await started(factory, (session) => session.set('list', [0]));
      await visit(factory, jar, async (session) => {
        const append = (value: number) => session.update('list', (list) => [...(list as number[]), value]);
        await Promise.all([append(1), session.save(), append(2), session.reload(), append(3)]);
      });
      assert.deepEqual(await read(factory, jar), { list: [0, 1, 2, 3], owner: null });
    });

    test.each<[string, (session: Session) => unknown, Data]>([
      ['set()', (session) => session.set('n', 10), { n: 10 }],
      ['delete()', (session) => session.delete('n'), {}],
      ['clear()', (session) => session.clear(), {}],
    ])('%s after an update() that is not awaited has the last word', async (_what, write, left) => {
      const factory = open();
      const jar = await started(factory, (session) => session.set('n', 1).newCsrfToken());
      await visit(factory, jar, async (session) => {
        const updating = session.update('n', add);
        write(session);
        assert.equal(await updating, 2);
        assert.deepEqual({ ...session.toJSON() }, left);
      });
      assert.deepEqual(await read(factory, jar), { ...left, owner: null });
    });

    test('two loads at once are one, and the session is used after every check', async () => {
      const gate = new Gate();
      const owner = randomUUID();
      const jar = await started(open(), (session) => session.login(owner));
      const factory = open({
        load: 'lazy',
        invalidateBefore: async () => {
          await gate.pass();
          return new Date(8.64e15);
        },
      });
      const request = await Visit.open(factory, jar);
      const loads = [request.session.load(), request.session.load()];
      await gate.entered();
      assert.throws(() => request.session.owner, { code: 'ERR_SESSION_NOT_LOADED' });
      gate.open();
      await Promise.all(loads);
      assert.equal(request.session.owner, null);
      await request.end();
      assert.deepEqual(await factory.owners.list(owner), []);
    });

    test('a reload checks what it reads like an opening: `invalidateBefore` ends the session', async () => {
      let changed: Date | null = null;
      const factory = open({ invalidateBefore: () => changed });
      const owner = randomUUID();
      const jar = await started(factory, (session) => session.login(owner));
      await visit(factory, jar, async (session) => {
        changed = new Date(8.64e15);
        await session.reload();
        assert.equal(session.owner, null);
        assert.deepEqual(session.popFlash(), [SESSION_INVALIDATED]);
      });
      changed = null;
      assert.deepEqual(await factory.owners.list(owner), []);
    });

    test('a reload whose session `invalidateBefore` ends reports lost changes, and leaves a message', async () => {
      let changed: Date | null = null;
      const factory = open({ invalidateBefore: () => changed });
      const events = record(factory, 'discarded', 'lost');
      const acts: ((session: Session) => unknown)[] = [
        (session) => session.set('b', 1),
        (session) => (session.get('list') as number[]).push(1),
        (session) => session.rotate(),
        (session) => session.adjustTimeout(60),
        (session) => session.get('list'),
      ];
      for (const act of acts) {
        changed = null;
        const jar = await started(factory, (session) => session.set('list', [0]).login(randomUUID()));
        await visit(factory, jar, async (session) => {
          act(session);
          changed = new Date(8.64e15);
          await session.reload();
          session.set('after', 1);
        });
        assert.deepEqual(await read(factory, jar), { after: 1, owner: null });
        assert.deepEqual(await visit(factory, jar, (session) => session.popFlash()), [SESSION_INVALIDATED]);
      }
      // The last of them has only read.
      assert.deepEqual(
        events.discarded.map(({ reason }) => reason),
        ['gone', 'gone', 'gone', 'gone'],
      );
      assert.deepEqual(events.lost, []);
    });

    test('an update of a field that was changed in place keeps the change', async () => {
      const factory = open();
      const jar = await started(factory, (session) => session.set('list', [1]));
      await visit(factory, jar, async (session) => {
        (session.get('list') as number[]).push(2);
        assert.deepEqual(await session.update('list', (list) => [...(list as number[]), 3]), [1, 2, 3]);
      });
      assert.deepEqual(await read(factory, jar), { list: [1, 2, 3], owner: null });
    });

    test.each<[string, (list: unknown[]) => unknown]>([
      ['throws', () => assert.fail('no')],
      ['returns what cannot be stored', (list) => [...list, 1n]],
      ['makes of the value what cannot be stored', (list) => (list.push(1n), list)],
    ])('C12: an update that %s stores nothing, also where only this request knows the field', async (_what, fail) => {
      const initial = open({ initialData: () => ({ list: [1] }) });
      const factory = open();
      const known = await started(factory, (session) => session.assign({ list: [1], other: 1 }));
      const write = (session: Session): unknown => session.set('list', [1]);
      const mutate = (session: Session): unknown => (session.get('list') as unknown[]).splice(0, 9, 2);
      for (const [site, jar, prepare, stored] of [
        [factory, new Jar(), write, { list: [1], owner: null }],
        [initial, new Jar(), () => undefined, { owner: null, list: [1] }],
        [factory, new Jar(known), write, { list: [1], other: 1, owner: null }],
        [factory, new Jar(known), mutate, { list: [2], other: 1, owner: null }],
      ] as const) {
        await visit(site, jar, async (session) => {
          prepare(session);
          const before = structuredClone(session.get('list'));
          const change = (value: unknown): unknown => {
            (value as unknown[]).push(7);
            return fail(value as unknown[]);
          };
          await assert.rejects(session.update('list', change));
          assert.deepEqual(session.get('list'), before);
        });
        assert.equal(jar.header !== undefined, site === factory);
        assert.deepEqual(await read(site, jar), stored);
      }
    });

    test('C12: a login after the head was written is refused, and the session that the client has lives on', async () => {
      const factory = open();
      const jar = await started(factory);
      const request = await Visit.open(factory, jar);
      request.session.set('b', 2);
      await request.end();
      for (const act of ['logout', 'invalidate', 'rotate'] as const) {
        assert.throws(() => request.session[act](), { code: 'ERR_SESSION_HEADERS_SENT' }, act);
      }
      assert.throws(() => request.session.login('alice'), { code: 'ERR_SESSION_HEADERS_SENT' });
      assert.throws(() => request.session.beginLogin('alice'), { code: 'ERR_SESSION_HEADERS_SENT' });
      await factory.commit(request.session, new MemoryHead());
      assert.deepEqual(await read(factory, jar), { a: 1, b: 2, owner: null });
    });

    test('C12: a late change is stored by save() and update(), or dropped and reported', async () => {
      const factory = open();
      const events = record(factory, 'discarded');
      const jar = await started(factory);
      const request = await Visit.open(factory, jar);
      await request.end();
      request.session.set('saved', 1);
      await request.session.save();
      await request.session.update('updated', add);
      const dropped = new Promise<void>((resolve) => factory.on('discarded', () => resolve()));
      request.session.set('lost', 1);
      await dropped;
      assert.deepEqual(
        events.discarded.map(({ reason }) => reason),
        ['late'],
      );
      await request.session.save();
      assert.deepEqual(await read(factory, jar), { a: 1, saved: 1, updated: 1, owner: null });
    });

    test.each<[string, (session: Session) => unknown]>([
      ['a value', setUnstorable],
      ['a change in place', (session) => Object.assign(session.get('nested') as Data, { callback: () => 1 })],
    ])('C12: %s that comes late and cannot be serialised is reported, and ends no process', async (_what, act) => {
      const factory = open();
      const events = record(factory, 'discarded');
      const jar = await started(factory, (session) => session.set('nested', {}));
      const unhandled: unknown[] = [];
      const listen = (error: unknown): void => void unhandled.push(error);
      process.on('unhandledRejection', listen);
      try {
        const request = await Visit.open(factory, jar);
        await request.end();
        act(request.session);
        await quiet();
        assert.deepEqual(
          events.discarded.map(({ reason }) => reason),
          ['late'],
        );
        act(request.session);
        await assert.rejects(request.session.save(), { code: 'ERR_SESSION_SERIALIZE' });
        await quiet();
      } finally {
        process.off('unhandledRejection', listen);
      }
      assert.deepEqual(unhandled, []);
      assert.deepEqual(await read(factory, jar), { nested: {}, owner: null });
    });

    test('C12: a session that was ended elsewhere is lost also to what cannot be serialised', async () => {
      const factory = open();
      const events = record(factory, 'discarded', 'lost');
      const jar = await started(factory);
      for (const find of [(session: Session) => session.reload(), (session: Session) => session.takeFlash()]) {
        const client = await started(factory);
        const slow = await Visit.open(factory, new Jar(client));
        await visit(factory, client, (session) => session.logout());
        setUnstorable(slow.session);
        await find(slow.session);
        assert.deepEqual(slow.session.keys(), []);
        assert.deepEqual((await slow.end()).cookies, []);
      }
      assert.deepEqual(
        events.discarded.map(({ reason }) => reason),
        ['gone', 'gone'],
      );
      assert.equal(events.lost.length, 2);
      assert.deepEqual(await read(factory, jar), { a: 1, owner: null });
    });

    test('C12: update() and save() reject on a session that was ended elsewhere, and the cookie stays', async () => {
      const [one, two] = [open(), open()];
      const jar = await started(one);
      for (const act of [
        (session: Session) => session.update('a', add),
        (session: Session) => session.set('a', 2).save(),
      ]) {
        const slow = await Visit.open(one, new Jar(jar));
        await visit(two, new Jar(jar), (session) => session.logout());
        await assert.rejects(act(slow.session), ended);
        assert.deepEqual(slow.session.keys(), []);
        slow.session.set('a', 3);
        assert.deepEqual((await slow.end()).cookies, []);
        jar.take((await (await Visit.open(one, new Jar())).end()).cookies);
        await visit(one, jar, (session) => session.set('a', 1));
      }
    });

    test.each<[string, (session: Session) => unknown]>([
      ['reload()', (session) => session.reload()],
      ['takeFlash()', (session) => session.takeFlash()],
      ['a touch', () => {}],
    ])('C12: what a request wrote before %s found its session ended is reported', async (_what, find) => {
      const factory = open({ touchInterval: 0 });
      const events = record(factory, 'discarded', 'lost');
      const jar = await started(factory);
      for (const act of [
        (session: Session) => session.set('b', 1),
        (session: Session) => session.rotate(),
        (session: Session) => session.adjustTimeout(60),
      ]) {
        const client = await started(factory);
        const slow = await Visit.open(factory, new Jar(client));
        await visit(factory, client, (session) => session.logout());
        act(slow.session);
        await find(slow.session);
        await slow.end();
      }
      assert.equal(events.lost.length, 3);
      assert.deepEqual(
        events.discarded.map(({ reason }) => reason),
        ['gone', 'gone', 'gone'],
      );
      assert.deepEqual(await read(factory, jar), { a: 1, owner: null });
    });

    test.each<[string, (session: Session) => unknown]>([
      ['a rotation', (session) => session.rotate()],
      [
        'a rotation that is saved',
        (session) => {
          session.rotate();
          return session.save();
        },
      ],
      [
        'another login that is saved',
        (session) => {
          session.login(session.owner!);
          return session.save();
        },
      ],
    ])('a request revokes its own session after %s: it ends, and its cookie with it', async (_what, act) => {
      const factory = open();
      const owner = randomUUID();
      const jar = await started(factory, (session) => session.login(owner));
      const old = new Jar(jar);
      await visit(factory, jar, async (session) => {
        await act(session);
        assert.equal(await factory.owners.revoke(owner, { current: session }), 1);
        assert.deepEqual([session.owner, session.isNew], [null, true]);
      });
      assert.equal(jar.header, undefined);
      assert.deepEqual(await factory.owners.list(owner), []);
      assert.deepEqual(await read(factory, old), { owner: null });
    });

    test('a request that revokes its own session can leave a message on the one that follows', async () => {
      const factory = open();
      const owner = randomUUID();
      const jar = await started(factory, (session) => session.login(owner));
      await visit(factory, jar, async (session) => {
        assert.equal(await factory.owners.revoke(owner, { current: session }), 1);
        session.flash('You are logged out everywhere');
      });
      await visit(factory, jar, (session) => {
        assert.equal(session.owner, null);
        assert.deepEqual(session.popFlash(), ['You are logged out everywhere']);
      });
    });
  });
}

/** Sets a value that is spoilt afterwards, so that only the commit can refuse it. */
function setUnstorable(session: Session): void {
  const value: Data = {};
  session.set('callback', value);
  value['callback'] = () => 1;
}
