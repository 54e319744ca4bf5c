import { H3, HTTPError, redirect, serve } from 'h3';
import { createSessionFactory, SessionError } from 'websauna-session';
import { sessions } from 'websauna-session/h3';
import { homePage, latePage } from './pages.js';

const { HOST: hostname, PORT: port = 3000, REDIS_URL, SESSION_SECRET: secret } = process.env;
const factory = createSessionFactory({ secret, redis: REDIS_URL ? { url: REDIS_URL } : undefined });

const app = new H3({
  onError({ cause }) {
    if (cause instanceof SessionError) return cause.getResponse();
  },
});
app.use(sessions(factory));

app.get('/', async ({ res, context: { session } }) => {
  res.headers.set('content-type', 'text/html; charset=utf-8');
  return await homePage(session);
});
app.get('/about', () => 'This page is the same for everybody.');
app.get('/me', ({ context: { session } }) => ({ owner: session.owner, ...session.data }));

/** Reads a form that was sent from a page of ours. */
async function readForm({ req, context: { session } }) {
  const form = new URLSearchParams(await req.text());
  session.requireCsrfToken(form.get('csrf'));
  return form;
}

// A real application checks the password here.
app.post('/login', async (event) => {
  const { session } = event.context;
  const user = (await readForm(event)).get('user');
  session.login(user, { method: 'password' });
  session.flash(`Welcome, ${user}`);
  return redirect('/', 303);
});
app.post('/logout', async (event) => {
  await readForm(event);
  event.context.session.logout();
  return redirect('/', 303);
});

app.get('/raw', ({ context: { session } }) => {
  session.set('raw', true);
  return new Response('Dark', { headers: { 'set-cookie': 'theme=dark; Path=/' } });
});
app.get('/inner', ({ context: { session }, url }) => {
  session.set('inner', url.searchParams.get('name'));
  return `Inner: ${session.owner ?? 'stranger'}`;
});
app.get('/nested', async ({ context, url }) => {
  // With the context, the request shares the session.
  const response = await app.request(`/inner${url.search}`, {}, context);
  context.session.set('outer', url.searchParams.get('name'));
  return await response.text();
});
app.get('/late', ({ context: { session } }) => latePage(session));
app.get('/error', ({ context: { session } }) => {
  session.set('failed', true);
  throw new HTTPError({ status: 409, message: 'Not now' });
});

serve(app, { hostname, port, silent: true });
