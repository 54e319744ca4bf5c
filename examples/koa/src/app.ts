import { Readable } from 'node:stream';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa from 'koa';
import type { Session } from 'websauna-session';
import { sessions } from 'websauna-session/koa';
import { latePage } from './late.js';
import { homePage } from './pages.js';
import { factory } from './session.js';

const router = new Router();

router.get('/', async (ctx) => {
  ctx.type = 'html';
  ctx.body = await homePage(ctx.session);
});
router.get('/about', (ctx) => {
  ctx.body = 'This page is the same for everybody.';
});
router.get('/me', (ctx) => {
  ctx.body = { owner: ctx.session.owner, ...ctx.session.data };
});

// A real application checks the password here.
router.post('/login', (ctx) => {
  const { user } = ctx.request.body as { user: string };
  ctx.session.login(user, { method: 'password' });
  ctx.session.flash(`Welcome, ${user}`);
  ctx.redirect('/');
});
router.post('/logout', (ctx) => {
  ctx.session.logout();
  ctx.redirect('/');
});

router.get('/raw', (ctx) => {
  ctx.session.set('raw', true);
  ctx.cookies.set('theme', 'dark');
  ctx.body = 'Dark';
});
router.get('/inner', (ctx) => {
  ctx.body = visitInner(ctx.session, String(ctx.query.name));
});
router.get('/nested', (ctx) => {
  ctx.session.set('outer', String(ctx.query.name));
  ctx.body = visitInner(ctx.session, String(ctx.query.name));
});
router.get('/late', (ctx) => {
  ctx.session.markPersonal();
  ctx.type = 'html';
  ctx.body = Readable.from(latePage(ctx.session));
});
router.get('/error', (ctx) => {
  ctx.session.set('failed', true);
  ctx.throw(409, 'Not now');
});

/** What several routes do: it is given the session. */
function visitInner(session: Session, name: string): string {
  session.set('inner', name);
  return `Inner: ${session.owner ?? 'stranger'}`;
}

export const app = new Koa();
app.use(sessions(factory));
app.use(bodyParser());
app.use((ctx, next) => {
  ctx.session.requireCsrfToken((ctx.request.body as { csrf?: string } | undefined)?.csrf);
  return next();
});
app.use(router.routes());
