import { createSessionFactory, SessionError, type Serializer, type Session } from 'websauna-session';
import { withSession } from 'websauna-session/fetch';
import { MemoryStore } from 'websauna-session/memory';
import { describe, expect, it, vi } from 'vitest';

const SECRET = 'a secret of the tests, of 32 bytes or more';

async function open(write: (session: Session) => void) {
  const store = new MemoryStore();
  const factory = createSessionFactory({ secret: SECRET, store });
  const visit = (handle: (session: Session) => Response, cookie = ''): Promise<Response> =>
    withSession(factory, async (_request, session) => {
      const response = handle(session);
      await session.save();
      return response;
    })(new Request('http://localhost/', { headers: { cookie } }));
  const first = await visit((session) => {
    write(session);
    return new Response(session.owner);
  });
  const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!;
  const handle = await (await visit((session) => new Response(session.handle), cookie)).text();
  return { store, sessions: factory.sessions, handle, cookie, visit };
}

describe('the fields of a stored session', () => {
  it('are named with their sizes, without those of the library', async () => {
    const { sessions, handle } = await open((session) => {
      session.login('alice');
      session.set('theme', 'dark');
      session.set('@at', 1);
      session.flash('hello');
      session.newCsrfToken();
    });
    const fields = [
      { name: '@at', size: 5 },
      { name: 'theme', size: 11 },
    ];
    expect(await sessions.fields(handle, { owner: 'alice' })).toEqual(fields);
    expect(await sessions.fields(handle)).toEqual(fields);
    expect(await sessions.fields(handle, { owner: 'alice', values: true })).toEqual([
      { name: '@at', size: 5, value: 1 },
      { name: 'theme', size: 11, value: 'dark' },
    ]);
  });

  it('are those of the session that a rotation has made', async () => {
    const { sessions, handle, cookie, visit } = await open((session) => session.set('theme', 'dark'));
    await visit((session) => {
      session.rotate();
      session.set('size', 2);
      return new Response();
    }, cookie);
    expect((await sessions.fields(handle, { values: true }))?.map(({ value }) => value)).toEqual([2, 'dark']);
  });

  it('are looked for among all only where that is wanted', async () => {
    const { sessions, handle, store } = await open((session) => session.login('alice'));
    const scan = vi.spyOn(store, 'scan');
    expect(await sessions.fields(handle, { search: false })).toBeUndefined();
    expect(await sessions.get(handle, { search: false })).toBeUndefined();
    expect(await sessions.destroy(handle, { search: false })).toBe(false);
    expect(scan).not.toHaveBeenCalled();
    expect((await sessions.get(handle))?.owner).toBe('alice');
    expect(await sessions.fields('not a handle')).toBeUndefined();
    await expect(sessions.get(handle, { search: 1 } as never)).rejects.toThrow('`options.search` to be true or false');
    await expect(sessions.fields(handle, { values: 1 } as never)).rejects.toThrow(
      '`options.values` to be true or false',
    );
  });

  it('says when a value cannot be read, and shows the names all the same', async () => {
    const { store, handle } = await open((session) => session.set('theme', 'dark'));
    const serializer: Serializer = {
      serialize: (value) => `!${JSON.stringify(value)}`,
      deserialize(stored) {
        if (!String(stored).startsWith('!')) throw new Error(`not mine: ${String(stored)}`);
        return JSON.parse(String(stored).slice(1)) as unknown;
      },
    };
    const { sessions } = createSessionFactory({ secret: SECRET, store, serializer });
    expect(await sessions.fields(handle)).toEqual([{ name: 'theme', size: 11 }]);
    const error: unknown = await sessions.fields(handle, { values: true }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SessionError);
    expect(error).toMatchObject({
      code: 'ERR_SESSION_SERIALIZE',
      message: 'Cannot read the stored value of session field `theme`',
    });
  });
});
