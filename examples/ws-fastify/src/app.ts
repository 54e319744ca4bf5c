import { Readable } from 'node:stream';
import formbody from '@fastify/formbody';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { sessions } from 'websauna-session/fastify';
import { latePage } from './late.js';
import { homePage } from './pages.js';
import { factory } from './session.js';
import { sockets } from './sockets.js';

interface Named {
  Querystring: { name: string };
}
interface LoginForm {
  Body: { user: string };
}

export async function createApp(): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(formbody);
  await app.register(sessions(factory));
  app.addHook('preHandler', async (request) => {
    request.session.requireCsrfToken((request.body as { csrf?: string } | undefined)?.csrf);
  });
  await app.register(sockets);
  await app.register(pages);
  await app.register(accounts);
  return app;
}

async function pages(app: FastifyInstance): Promise<void> {
  app.get('/', async ({ session }, reply) => reply.type('text/html; charset=utf-8').send(await homePage(session)));
  app.get('/about', () => 'This page is the same for everybody.');
  app.get('/me', ({ session }) => ({ owner: session.owner, ...session.data }));
  app.get('/raw', ({ session }, reply) => {
    session.set('raw', true);
    return reply.header('set-cookie', 'theme=dark; Path=/').send('Dark');
  });
  app.get<Named>('/inner', (request) => visitInner(request, request.query.name));
  app.get<Named>('/nested', (request) => {
    request.session.set('outer', request.query.name);
    return visitInner(request, request.query.name);
  });
  app.get('/late', ({ session }, reply) => {
    session.markPersonal();
    return reply.type('text/html; charset=utf-8').send(Readable.from(latePage(session)));
  });
  app.get('/error', ({ session }) => {
    session.set('failed', true);
    throw Object.assign(new Error('Not now'), { statusCode: 409 });
  });
}

/** What several routes do: it is given the request, and has its session. */
function visitInner({ session }: FastifyRequest, name: string): string {
  session.set('inner', name);
  return `Inner: ${session.owner ?? 'stranger'}`;
}

async function accounts(app: FastifyInstance): Promise<void> {
  // A real application checks the password here.
  app.post<LoginForm>('/login', ({ session, body: { user } }, reply) => {
    session.login(user, { method: 'password' });
    session.flash(`Welcome, ${user}`);
    return reply.redirect('/', 303);
  });
  app.post('/logout', ({ session }, reply) => {
    session.logout();
    return reply.redirect('/', 303);
  });
  app.post('/logout-everywhere', async ({ session: { owner } }, reply) => {
    // Closes the sockets of this owner, too, in all processes.
    if (owner !== null) await factory.owners.revoke(owner);
    return reply.redirect('/', 303);
  });
}
