import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'vitest';
import { Jar, visit, Visit } from '../../support/visit.ts';
import { type Data, type Factory, type MakeFactory, type Session, record, useFactories } from './factories.ts';

/** The promises of the consistency contract, with every interleaving forced by the order of the steps. */
export function consistencySuite(title: string, make: MakeFactory): void {
  const { pair } = useFactories(make);

  async function started(factory: Factory, data: Data = { a: 1 }): Promise<Jar> {
    const jar = new Jar();
    await visit(factory, jar, (session) => {
      session.assign(data);
      if (session.size === 0) session.newCsrfToken();
    });
    assert.equal(jar.cookies.size, 1);
    return jar;
  }
  const read = (factory: Factory, jar: Jar): Promise<Data> =>
    visit(factory, new Jar(jar), (session) => ({ ...session.toJSON() }));

  describe(`${title}: C1, no resurrection`, () => {
    test('C1, C13: a slow writer does not revive a logged-out session, and its cookie is left alone', async () => {
      const [one, two] = pair();
      const events = record(one, 'lost', 'discarded');
      const jar = await started(one);
      const slow = await Visit.open(one, new Jar(jar));
      slow.session.set('late', true);
      await visit(two, new Jar(jar), (session) => session.logout());
      const head = await slow.end();
      assert.deepEqual(head.cookies, []);
      assert.equal(events.lost.length, 1);
      assert.deepEqual(
        events.discarded.map(({ reason }) => reason),
        ['gone'],
      );
      assert.deepEqual(await read(two, jar), {});
    });

    test('C1: a slow reader that renews the idle timeout does not revive a logged-out session', async () => {
      const [one, two] = pair({ touchInterval: 0 });
      const jar = await started(one);
      const slow = await Visit.open(one, new Jar(jar));
      assert.equal(slow.session.get('a'), 1);
      await visit(two, new Jar(jar), (session) => session.invalidate());
      await slow.end();
      assert.deepEqual(await read(two, jar), {});
    });

    test('C1: a slow rotation, update and takeFlash do not revive a logged-out session', async () => {
      const [one, two] = pair();
      const jar = await started(one);
      const rotating = await Visit.open(one, new Jar(jar));
      const updating = await Visit.open(one, new Jar(jar));
      const taking = await Visit.open(one, new Jar(jar));
      await visit(two, new Jar(jar), (session) => session.logout());
      rotating.session.rotate();
      const update = updating.session.update('n', (n) => Number(n ?? 0) + 1);
      await assert.rejects(update, { code: 'ERR_SESSION_ENDED' });
      assert.deepEqual(await taking.session.takeFlash(), []);
      for (const each of [rotating, updating, taking]) assert.deepEqual((await each.end()).cookies, []);
      assert.deepEqual(await read(two, jar), {});
    });

    test('C1: a login that was under way during a logout begins a new session, with nothing that was stored', async () => {
      const [one, two] = pair();
      const jar = await started(one, { secret: 'from before' });
      const slow = await Visit.open(one, jar);
      assert.equal(slow.session.get('secret'), 'from before');
      slow.session.login('alice');
      slow.session.set('mine', 1);
      await visit(two, new Jar(jar), (session) => session.logout());
      await slow.end();
      assert.deepEqual(await read(two, jar), { mine: 1 });
    });

    test('C1: a logout that was opened before a rotation ends what the rotation made of the session', async () => {
      const [one, two] = pair();
      const jar = await started(one);
      const leaving = await Visit.open(one, new Jar(jar));
      await visit(two, jar, (session) => session.rotate());
      leaving.session.logout();
      await leaving.end();
      assert.deepEqual(await read(two, jar), {});
    });

    test.each<[string, (session: Session) => unknown]>([
      ['rotate({ grace: false })', (session) => session.rotate({ grace: false })],
      ['another login of its owner', (session) => session.login(session.owner!)],
    ])('C1: a logout that was opened before %s ends what that made of the session', async (_what, move) => {
      const [one, two] = pair();
      const owner = randomUUID();
      const jar = await started(one);
      await visit(one, jar, (session) => session.login(owner));
      const leaving = await Visit.open(one, new Jar(jar));
      await visit(two, jar, move);
      leaving.session.logout();
      await leaving.end();
      assert.deepEqual(await read(two, jar), {});
      assert.deepEqual(await two.owners.list(owner), []);
    });

    test('C1: a slow writer does not revive a session that its owner has revoked', async () => {
      const [one, two] = pair();
      const jar = await started(one);
      const owner = randomUUID();
      await visit(one, jar, (session) => session.login(owner));
      const slow = await Visit.open(one, new Jar(jar));
      slow.session.set('late', true);
      assert.equal(await two.owners.revoke(owner), 1);
      await slow.end();
      assert.deepEqual(await read(two, jar), {});
      assert.deepEqual(await two.owners.list(owner), []);
    });
  });

  describe(`${title}: C2, no lost fields`, () => {
    test('C2: of two requests that change different fields both take effect', async () => {
      const [one, two] = pair();
      const jar = await started(one, { kept: 1, nested: { list: [1] }, gone: true });
      const first = await Visit.open(one, new Jar(jar));
      const second = await Visit.open(two, new Jar(jar));
      (first.session.get('nested') as { list: number[] }).list.push(2);
      first.session.delete('gone');
      second.session.data['new'] = 'x';
      await second.end();
      await first.end();
      assert.deepEqual(await read(one, jar), { kept: 1, nested: { list: [1, 2] }, new: 'x' });
    });

    test('C2: fifty requests at once, each with a field of its own', async () => {
      const [one, two] = pair();
      const jar = await started(one, {});
      const visits = await Promise.all(
        Array.from({ length: 50 }, (_, i) => Visit.open(i % 2 === 0 ? one : two, new Jar(jar))),
      );
      visits.forEach(({ session }, i) => session.set(`f${i}`, i));
      await Promise.all(visits.map((each) => each.end()));
      assert.equal(Object.keys(await read(one, jar)).length, 50);
    });

    test('C2: a write that was under way during a rotation follows it, and its client learns the new id', async () => {
      const [one, two] = pair();
      const jar = await started(one);
      const slowJar = new Jar(jar);
      const slow = await Visit.open(one, slowJar);
      slow.session.set('late', true);
      await visit(two, jar, (session) => session.rotate());
      await slow.end();
      assert.equal(slowJar.header, jar.header);
      assert.deepEqual(await read(two, jar), { a: 1, late: true });
    });
  });

  describe(`${title}: C3, the same field`, () => {
    test('C3: of two writers of one field the last commit wins, whole, also when it writes what was there', async () => {
      const [one, two] = pair();
      const jar = await started(one, { x: { left: 0 } });
      const first = await Visit.open(one, new Jar(jar));
      const second = await Visit.open(two, new Jar(jar));
      first.session.set('x', { left: 0 });
      second.session.set('x', { right: 2 });
      await second.end();
      await first.end();
      assert.deepEqual(await read(one, jar), { x: { left: 0 } });
    });

    test('C3: N concurrent increments give N', async () => {
      const [one, two] = pair();
      const jar = await started(one, {});
      const visits = await Promise.all(
        Array.from({ length: 40 }, (_, i) => Visit.open(i % 2 === 0 ? one : two, new Jar(jar))),
      );
      const results = await Promise.all(visits.map(({ session }) => session.update('n', (n) => Number(n ?? 0) + 1)));
      assert.equal(new Set(results).size, 40);
      await Promise.all(visits.map((each) => each.end()));
      assert.deepEqual(await read(one, jar), { n: 40 });
    });

    test('C3: an update during a rotation counts in the new session', async () => {
      const [one, two] = pair();
      const jar = await started(one, { n: 1 });
      const slow = await Visit.open(one, new Jar(jar));
      await visit(two, jar, (session) => session.rotate());
      assert.equal(await slow.session.update('n', (n) => Number(n) + 1), 2);
      await slow.end();
      assert.deepEqual(await read(two, jar), { n: 2 });
    });

    test('C3: messages flashed by concurrent requests are all kept, in order', async () => {
      const [one, two] = pair();
      const jar = await started(one, {});
      const first = await Visit.open(one, new Jar(jar));
      const second = await Visit.open(two, new Jar(jar));
      first.session.flash('first');
      second.session.flash('second');
      await second.end();
      await first.end();
      assert.deepEqual(await visit(one, jar, (session) => session.popFlash()), ['first', 'second']);
      assert.deepEqual(await visit(two, jar, (session) => session.popFlash()), []);
    });

    test('C3: takeFlash returns each message to one of several requests', async () => {
      const [one, two] = pair();
      const jar = await started(one, {});
      await visit(one, jar, (session) => {
        for (let i = 0; i < 5; i++) session.flash(i);
      });
      const visits = await Promise.all([one, two, one, two].map((factory) => Visit.open(factory, new Jar(jar))));
      const taken = await Promise.all(visits.map(({ session }) => session.takeFlash()));
      assert.deepEqual(
        taken.flat().toSorted((a, b) => Number(a) - Number(b)),
        [0, 1, 2, 3, 4],
      );
    });

    test('C3: the same message flashed twice at once without duplicates is one', async () => {
      const [one, two] = pair();
      const jar = await started(one, {});
      const visits = [await Visit.open(one, new Jar(jar)), await Visit.open(two, new Jar(jar))];
      for (const { session } of visits) session.flash({ text: 'once' }, 'q', false);
      await Promise.all(visits.map((each) => each.end()));
      assert.deepEqual(await visit(one, jar, (session) => session.peekFlash('q')), [{ text: 'once' }]);
    });
  });

  describe(`${title}: C4 and C5`, () => {
    test('C4: a slow reader overwrites nothing, even when it renews the idle timeout', async () => {
      const [one, two] = pair({ touchInterval: 0 });
      const events = record(one, 'touched', 'saved');
      const jar = await started(one, { x: { n: 1 } });
      const saved = events.saved.length;
      const reader = await Visit.open(one, new Jar(jar));
      assert.deepEqual(reader.session.get('x'), { n: 1 });
      await visit(two, new Jar(jar), (session) => session.set('x', { n: 2 }));
      await reader.end();
      assert.equal(events.touched.length, 1);
      assert.equal(events.saved.length, saved);
      assert.deepEqual(await read(two, jar), { x: { n: 2 } });
    });

    test('C4: a request without content creates nothing', async () => {
      const [one] = pair();
      const events = record(one, 'created');
      const jar = new Jar();
      await visit(one, jar, (session) => {
        session.get('a');
        session.delete('b');
        session.clear();
        session.popFlash();
        session.rotate();
        session.invalidate();
      });
      assert.equal(jar.header, undefined);
      assert.deepEqual(events.created, []);
    });

    test('C5: when the head is settled, another process reads what was written', async () => {
      const [one, two] = pair();
      const jar = new Jar();
      for (let i = 0; i < 20; i++) {
        await visit(i % 2 === 0 ? one : two, jar, (session) => session.set('i', i));
        assert.deepEqual(await read(i % 2 === 0 ? two : one, jar), { i });
      }
    });
  });

  describe(`${title}: C6, rotation`, () => {
    test('C6: parallel requests with the old id reach the one successor within the grace', async () => {
      const [one, two] = pair();
      const jar = await started(one);
      const old = new Jar(jar);
      await visit(one, jar, (session) => session.rotate());
      assert.notEqual(jar.header, old.header);
      const parallel = new Jar(old);
      assert.equal(await visit(two, parallel, (session) => session.get('a')), 1);
      assert.equal(parallel.header, jar.header);
    });

    test('C6: of two rotations at once both clients end up with the same id', async () => {
      const [one, two] = pair();
      const jar = await started(one);
      const jars = [new Jar(jar), new Jar(jar)];
      const visits = [await Visit.open(one, jars[0]!), await Visit.open(two, jars[1]!)];
      for (const { session } of visits) session.rotate();
      await Promise.all(visits.map((each) => each.end()));
      assert.equal(jars[0]!.header, jars[1]!.header);
      assert.deepEqual(await read(one, jars[0]!), { a: 1 });
    });

    test('C6: an id that is used after its grace opens nothing, and is reported', async () => {
      const [one, two] = pair({ rotationGrace: 0 });
      const events = record(two, 'rejected', 'staleId');
      const jar = await started(one);
      const old = new Jar(jar);
      const successor = await visit(one, jar, (session) => session.rotate()).then(() => read(one, jar));
      assert.deepEqual(successor, { a: 1 });
      assert.deepEqual(await read(two, old), {});
      assert.deepEqual(
        events.rejected.map(({ reason }) => reason),
        ['rotated'],
      );
      assert.equal(events.staleId[0]?.successor, await visit(one, jar, (session) => session.handle));
    });

    test('C6: a login kills the old id at once, and a request that still has it leaves the new cookie alone', async () => {
      const [one, two] = pair();
      const jar = await started(one);
      const old = new Jar(jar);
      const slow = await Visit.open(two, new Jar(jar));
      slow.session.set('late', true);
      await visit(one, jar, (session) => session.login('bob'));
      assert.deepEqual((await slow.end()).cookies, []);
      const parallel = await Visit.open(two, new Jar(old));
      assert.equal(parallel.session.get('a'), undefined);
      assert.equal(parallel.session.owner, null);
      parallel.session.set('late', true);
      assert.deepEqual((await parallel.end()).cookies, []);
      assert.deepEqual(await read(two, jar), { a: 1 });
    });

    test('C6: CSRF tokens survive a rotation and die with a login', async () => {
      const [one, two] = pair();
      const jar = await started(one);
      const token = await visit(one, jar, (session) => session.getCsrfToken());
      assert.equal(await visit(two, jar, (session) => session.verifyCsrfToken(token)), true);
      await visit(two, jar, (session) => session.rotate());
      assert.equal(await visit(one, jar, (session) => session.verifyCsrfToken(token)), true);
      await visit(one, jar, (session) => session.login('carol'));
      assert.equal(await visit(two, jar, (session) => session.verifyCsrfToken(token)), false);
    });
  });
}
