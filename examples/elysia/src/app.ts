import { Elysia, t } from 'elysia';
import { SessionError } from 'websauna-session';
import { markSubRequest, sessions } from 'websauna-session/elysia';
import { homePage, html, latePage } from './pages.ts';
import { factory } from './session.ts';

const form = t.Object({ csrf: t.Optional(t.String()), user: t.Optional(t.String()) });
const name = t.Object({ name: t.String() });

/** @param options of the platform: its adapter */
export function createApp(options: ConstructorParameters<typeof Elysia>[0] = {}) {
  const app = new Elysia(options)
    .use(sessions(factory))
    .onError(({ error }) => {
      if (error instanceof SessionError) return error.getResponse();
    })
    .get('/', ({ session }) => homePage(session))
    .get('/about', () => html('<p>This page is the same for everybody.</p>'))
    .get('/me', ({ session }) => ({ owner: session.owner, ...session.data }))
    .post(
      '/login',
      // A real application checks the password here.
      ({ session, body: { csrf, user = '' }, redirect, request }) => {
        session.requireCsrfToken(csrf);
        session.login(user, { method: 'password' });
        session.flash(`Welcome, ${user}`);
        // On Node, a redirect needs a whole URL.
        throw redirect(new URL('/', request.url).href, 303);
      },
      { body: form },
    )
    .post(
      '/logout',
      ({ session, body: { csrf }, redirect, request }) => {
        session.requireCsrfToken(csrf);
        session.logout();
        return redirect(new URL('/', request.url).href, 303);
      },
      { body: form },
    )
    .get('/raw', ({ session }) => {
      session.set('raw', true);
      return html('<p>Dark</p>', { headers: { 'set-cookie': 'theme=dark; Path=/' } });
    })
    .get(
      '/inner',
      ({ session, query }) => {
        session.set('inner', query.name);
        return html(`<p>Inner: ${session.owner ?? 'stranger'}</p>`);
      },
      { query: name },
    )
    .get(
      '/nested',
      async ({ session, query, request }): Promise<Response> => {
        const url = new URL(`/inner?name=${encodeURIComponent(query.name)}`, request.url);
        // The mark says that this request is ours: it shares the session.
        const response: Response = await handle(markSubRequest(new Request(url)));
        session.set('outer', query.name);
        return html(await response.text());
      },
      { query: name },
    )
    .get('/late', ({ session }) => latePage(session))
    .get('/error', ({ session, status }) => {
      session.set('failed', true);
      throw status(409, 'Not now');
    });
  const handle = (request: Request): Promise<Response> => app.handle(request);
  return app;
}
