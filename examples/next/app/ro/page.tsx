import { getSession } from '@/lib/session';
import { logOut } from '../actions';
const tries: Record<string, (s: Awaited<ReturnType<typeof getSession>>) => unknown> = {
  set: (s) => s.set('visits', 77), pop: (s) => s.popFlash(), login: (s) => s.login('x'), logout: (s) => s.logout(), update: (s) => s.update('visits', () => 9), save: (s) => s.save(),
  csrf: (s) => s.getCsrfToken(), newCsrf: (s) => s.newCsrfToken(), action: () => logOut(), assign: (s) => { (s.data as { visits: number }).visits = 3; },
  same: async (s) => s === (await getSession()),
};
export default async function P() {
  const s = await getSession();
  const out: Record<string, string> = {};
  for (const [k, f] of Object.entries(tries)) { try { out[k] = 'ok ' + String(await f(s)); } catch (e) { out[k] = (e as Error).name + (e as Error).message.slice(0, 50); } }
  return <pre>{JSON.stringify(out, null, 1)}</pre>;
}
