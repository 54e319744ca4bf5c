import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { record, started, useFactories, type Factory, type MakeFactory } from '../../contract/consistency/factories.ts';
import { replayTrail } from '../../support/audit-trail.ts';
import { Jar, visit } from '../../support/visit.ts';

const ACTS = 200;
const LIMIT = 5;

/** What the trail says after many logins, rotations, logouts and revocations at once, over any store. */
export function racesSuite(make: MakeFactory, { provisional = false } = {}): void {
  const { pair } = useFactories((options) =>
    make({ audit: { maxEntries: 10_000 }, maxSessionsPerOwner: LIMIT, ...options }),
  );

  test(`${ACTS} racing logins, rotations, logouts and revocations of three owners are in their trails, in their order`, async () => {
    const factories = pair();
    const owners: string[] = [randomUUID(), randomUUID(), randomUUID()];
    const events = factories.map((factory) => record(factory, 'login', 'rotated', 'destroyed'));
    const jars = await Promise.all(Array.from({ length: 40 }, (_, i) => started(factories[i % 2]!)));
    const revoked = new Map<string, { owner: string; count: number }>();
    const act = async (i: number): Promise<void> => {
      const factory: Factory = factories[i % 2]!;
      const owner = owners[i % 3]!;
      if (i % 10 === 9) {
        const by = `revocation ${i}`;
        revoked.set(by, { owner, count: await factory.owners.revoke(owner, { by }) });
      } else if (i % 10 === 8) await visit(factory, jars[i % 40]!, (session) => session.logout());
      else if (i % 10 === 7) await visit(factory, jars[(i * 7) % 40]!, (session) => session.rotate());
      else await visit(factory, i % 10 < 3 ? new Jar() : jars[(i * 3) % 40]!, (session) => session.login(owner));
    };
    await Promise.all(Array.from({ length: ACTS }, (_, i) => act(i)));

    const trails = new Map(
      await Promise.all(
        owners.map(async (owner) => [owner, await factories[0].audit.read({ owner, limit: 10_000 })] as const),
      ),
    );
    const all = [...trails.values()].flat();
    for (const owner of owners) {
      const { live, problem } = replayTrail(trails.get(owner)!, provisional);
      expect(problem).toBeNull();
      const listed = await factories[1].owners.list(owner);
      expect([...live.keys()].toSorted()).toEqual(listed.map(({ handle }) => handle).toSorted());
      expect(listed.length).toBeLessThanOrEqual(LIMIT);
    }
    // What was acknowledged is there, once.
    const logins = events.flatMap(({ login }) => login.map(({ handle, owner }) => `${owner} ${handle}`));
    expect(logins.length).toBeGreaterThan(50);
    const told = owners.flatMap((owner) =>
      trails
        .get(owner)!
        .filter(({ event }) => event === 'login')
        .map(({ handle }) => `${owner} ${handle}`),
    );
    expect(told.toSorted()).toEqual(logins.toSorted());
    for (const [by, { owner, count }] of revoked) {
      expect(trails.get(owner)!.filter((entry) => entry.by === by)).toHaveLength(count);
    }
    const ends = new Map(
      all.filter(({ event }) => !['login', 'rotated'].includes(event)).map((each) => [each.handle, each]),
    );
    for (const { handle, reason } of events.flatMap(({ destroyed }) => destroyed)) {
      const end = ends.get(handle);
      // Sessions without an owner are in no trail, nor is one that a tool met under a newer handle.
      if (end !== undefined && reason !== 'account-switch' && reason !== 'invalidated') assert.equal(end.event, reason);
      if (reason === 'evicted' || reason === 'revoked') assert.ok(end !== undefined, `${reason} is missing`);
    }
  });
}
