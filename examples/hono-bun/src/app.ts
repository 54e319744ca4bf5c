import { Hono, type Context } from 'hono';
import { getConnInfo } from 'hono/bun';
import { HTTPException } from 'hono/http-exception';
import { SessionError } from 'websauna-session';
import { markSubRequest, sessions, type SessionVariables } from 'websauna-session/hono';
import { latePage } from './late';
import { homePage } from './pages';
import { factory, type AppSession } from './session';
import { sockets } from './sockets';

type Env = { Variables: SessionVariables<AppSession> };

export const app = new Hono<Env>();

// In front of the sessions of ordinary requests: a socket opens its own.
app.route('/socket', sockets);
app.use(sessions(factory, { clientAddress: (c) => getConnInfo(c).remote.address }));
app.onError((error) => {
  if (error instanceof SessionError || error instanceof HTTPException) return error.getResponse();
  console.error(error);
  return new Response('The request failed', { status: 500 });
});

app.get('/', async (c) => c.html(await homePage(c.var.session)));
app.get('/about', (c) => c.text('This page is the same for everybody.'));
app.get('/me', (c) => c.json({ owner: c.var.session.owner, ...c.var.session.data }));

/** Reads a form that was sent from a page of ours. */
async function readForm(c: Context<Env>): Promise<Record<string, unknown>> {
  const form = await c.req.parseBody();
  c.var.session.requireCsrfToken(form.csrf);
  return form;
}

// A real application checks the password here.
app.post('/login', async (c) => {
  const { user } = await readForm(c);
  c.var.session.login(String(user), { method: 'password' });
  c.var.session.flash(`Welcome, ${user}`);
  throw new HTTPException(303, { res: c.redirect('/', 303) });
});
app.post('/logout', async (c) => {
  await readForm(c);
  c.var.session.logout();
  return c.redirect('/', 303);
});
app.post('/logout-everywhere', async (c) => {
  await readForm(c);
  const { owner } = c.var.session;
  // Closes the sockets of this owner, too, in all processes.
  if (owner !== null) await factory.owners.revoke(owner);
  return c.redirect('/', 303);
});

app.get('/raw', (c) => {
  c.var.session.set('raw', true);
  return new Response('Dark', { headers: { 'set-cookie': 'theme=dark; Path=/' } });
});
app.get('/inner', (c) => {
  c.var.session.set('inner', c.req.query('name') ?? '');
  return c.text(`Inner: ${c.var.session.owner ?? 'stranger'}`);
});
app.get('/nested', async (c) => {
  const { search } = new URL(c.req.url);
  // The mark says that this request is ours: it shares the session.
  const inner = markSubRequest(new Request(new URL(`/inner${search}`, c.req.url)), c);
  const response = await app.fetch(inner, c.env);
  c.var.session.set('outer', c.req.query('name') ?? '');
  return c.text(await response.text());
});
app.get('/late', (c) => latePage(c, c.var.session));
app.get('/error', (c) => {
  c.var.session.set('failed', true);
  throw new HTTPException(409, { message: 'Not now' });
});
