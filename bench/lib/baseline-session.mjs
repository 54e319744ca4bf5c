/** The baseline's session as the routes use it. */
export function baselineSession(store, header, setCookie) {
  const loaded = header === undefined ? { data: {} } : store.load(header);
  return {
    get: async (key) => (await loaded).data[key],
    set: async (key, value) => {
      const session = await loaded;
      session.data[key] = value;
      session.changed = true;
    },
    login: async (owner) => {
      const session = await loaded;
      session.data.owner = owner;
      session.id = undefined;
      session.changed = true;
    },
    end: async () => {
      const session = await loaded;
      if (!session.changed) return;
      await store.save(session);
      if (session.cookie !== undefined) setCookie(session.cookie);
    },
  };
}
