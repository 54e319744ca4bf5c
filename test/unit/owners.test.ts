// How the application ends the sessions of an owner.
import { afterEach, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { startSession } from '../support/visit.ts';

const store = new MemoryStore();
let factory: SessionFactory;
const open = (over: MemoryStore = store): SessionFactory =>
  (factory = createSessionFactory({ secret: 'a secret of more than thirty-two bytes', store: over }));
afterEach(() => factory.close());

test.each<[string, string | null, (owner: string, handle: string) => Promise<unknown>]>([
  ['revoke', 'ada', (owner) => factory.owners.revoke(owner)],
  ['revokeSession', 'bea', (owner, handle) => factory.owners.revokeSession(owner, handle)],
  ['revokeBy', null, () => factory.owners.revokeBy('device', 'phone')],
])('`%s` reports what it has ended as revoked', async (_, reported, revoke) => {
  open();
  const owner = reported ?? 'cia';
  await startSession(factory, (session) => session.login(owner, { index: { device: 'phone' } }));
  const [session] = await factory.owners.list(owner);
  const { handle } = session!;
  const events: unknown[] = [];
  factory.on('revoked', (event) => events.push(event));
  factory.on('destroyed', (event) => events.push(event));
  await revoke(owner, handle);
  expect(events).toMatchObject([
    { owner: reported, handles: [handle] },
    { handle, reason: 'revoked' },
  ]);
});

test.each(['listOwned', 'revokeOwned'])('a store without `%s` cannot find the sessions of an owner', async (method) => {
  open(new Proxy(store, { has: (target, name) => name !== method && name in target }));
  for (const ask of [() => factory.owners.list('ada'), () => factory.owners.revoke('ada')]) {
    await expect(ask()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_UNSUPPORTED' }));
  }
});
