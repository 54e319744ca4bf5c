import type { StandardSchemaV1 } from '@standard-schema/spec';
import { withSession } from 'websauna-session/fetch';
import { MemoryStore } from 'websauna-session/memory';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { describe, expect, it } from 'vitest';
import { EventLog } from '../../src/dashboard/event-log.ts';
import { DashboardFixture } from './support.ts';

/** A page as text: of each event its name, its reason and its details. */
async function text(response: Response): Promise<string> {
  return (await response.text()).replaceAll(/<[^>]*>|\s+/g, ' ').replaceAll(/ +/g, ' ');
}

/** A site whose store fails at some operations from now on. */
async function open(...operations: (keyof MemoryStore)[]) {
  const store = new MemoryStore();
  const site = new DashboardFixture({ store }, { showValues: true });
  const [ada, bea] = [await site.logIn('ada'), await site.logIn('bea')];
  const error = Object.assign(new Error('redis://user:password@host'), { code: 'ECONNRESET' });
  for (const each of operations) Object.assign(store, { [each]: () => Promise.reject(error) });
  return { site, ada, bea };
}

describe('a store that fails', () => {
  it.each([
    ['readAudit', '?page=owner&owner=bea'],
    ['readStats', ''],
  ] as const)('at %s is not taken for one that cannot do it', async (operation, query) => {
    const { site, ada } = await open(operation);
    const response = await site.get(query, ada);
    expect([response.status, await response.text()]).toEqual([503, 'The service is unavailable for a moment\n']);
  });

  it('is among the events, without what its error says', async () => {
    const { site, ada } = await open('listOwned');
    expect((await site.get('?page=owner&owner=bea', ada)).status).toBe(503);
    const page = await text(await site.get('?page=events', ada));
    expect(page).toMatch(/storeError list, ERR_SESSION_STORE/);
    expect(page).not.toContain('user:password');
  });

  it('is shown as a circuit that opens and closes', async () => {
    const server = await startRedis();
    const site = new DashboardFixture({ redis: { url: server.url, socketTimeout: 5 } });
    try {
      const ada = await site.logIn('ada');
      const log = new EventLog(site.factory);
      await server.kill();
      for (let i = 0; i < 6; i++) await site.factory.owners.list('bea').catch(() => {});
      expect(log.isCircuitOpen).toBe(true);
      await server.restart();
      await waitFor('the store', async () => (await site.get('', ada)).status !== 503);
      const again = await site.logIn('ada');
      const page = await text(await site.get('?page=events', again));
      expect(page).toMatch(/circuitClosed.*circuitOpen ERR_SESSION_STORE/);
      expect(await text(await site.get('', again))).toContain('Circuit breaker Closed the store answers');
    } finally {
      await site.factory.close();
      await server.stop();
    }
  });
});

describe('the events of this process', () => {
  it('are none at first', async () => {
    const site = new DashboardFixture({}, { canView: () => true });
    expect(await text(await site.get(''))).toContain('Nothing has happened yet.');
  });

  it('say where a form came from that was refused, and which field a schema does not accept', async () => {
    const theme: StandardSchemaV1<string> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => (value === 'bad' ? { issues: [{ message: 'unknown' }] } : { value: String(value) }),
      },
    };
    const store = new MemoryStore();
    const earlier = new DashboardFixture({ store });
    const bea = await earlier.logIn('bea', { fields: { theme: 'bad' } });
    const site = new DashboardFixture({ store, schema: { theme } }, { canView: () => true });
    const read = withSession(site.factory, (_request, session) => new Response(String(session.get('theme'))), {
      clientAddress: () => '192.0.2.7',
    });
    await read(new Request('http://localhost', { headers: { cookie: bea.cookie } }));
    const refuse = withSession(
      site.factory,
      (_request, session) => {
        session.requireCsrfToken('forged');
        return new Response();
      },
      { clientAddress: () => '192.0.2.7' },
    );
    await refuse(new Request('http://localhost', { method: 'POST', headers: { cookie: bea.cookie } }));
    const page = await text(await site.get('?page=events'));
    expect(page).toMatch(/refused csrf, from 192\.0\.2\.7/);
    expect(page).toMatch(/invalidField field theme/);
  });
});
