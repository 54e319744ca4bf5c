// Compiled, never run: what the types accept, and what they refuse.
import type { Request } from 'express';
import type { FastifyRequest } from 'fastify';
import { Hono } from 'hono';
import {
  type createCreationTimeAwareSessionFactory,
  createSessionFactory,
  WebsaunaSession,
  type OwnedSession,
  type SessionEvents,
  type SessionFactory,
} from 'websauna-session';
import { sessions as express } from 'websauna-session/express';
import { withSession as withFetch } from 'websauna-session/fetch';
import { sessions as hono, type SessionVariables } from 'websauna-session/hono';
import { withSession as withNode } from 'websauna-session/node';
import { same } from './same.ts';

const secret = 'a secret of more than thirty-two bytes';

interface Shop {
  views: number;
  cart: { sku: string; quantity: number }[];
}

// Data of a factory flows to every accessor.
const shop = createSessionFactory<Shop>({ secret, initialData: { views: 0 } });
same<typeof shop, SessionFactory<Shop>>();
declare const session: WebsaunaSession<Shop>;
same<ReturnType<typeof session.keys>, ('views' | 'cart')[]>();
const views = session.get('views');
same<typeof views, number | undefined>();
const sure = session.get('views', 0);
same<typeof sure, number>();
session.set('cart', [{ sku: 'a', quantity: 1 }]).set('views', 2);
session.data.cart?.push({ sku: 'b', quantity: 2 });
const updated = await session.update('views', (n = 0) => n + 1);
same<typeof updated, number | undefined>();
// @ts-expect-error -- no such field
session.get('veiws');
// @ts-expect-error -- of another type
session.set('views', 'two');
// @ts-expect-error -- of another type
session.data.views = 'two';
// @ts-expect-error -- an owner is a string
session.login(42);
// @ts-expect-error -- the handler has to return the field's type
await session.update('views', () => 'two');

// Without types of the application's own, every field is of type `unknown`.
const loose = createSessionFactory({ secret });
declare const anything: WebsaunaSession;
const value = anything.get('whatever');
same<typeof value, unknown>();
anything.set('whatever', { a: 1 });

// So has what a variable for the factory is usually declared as.
declare const declared: ReturnType<typeof createSessionFactory>;
same<typeof declared, SessionFactory>();
declare const aware: ReturnType<typeof createCreationTimeAwareSessionFactory>;
same<typeof aware, SessionFactory>();
export const later: ReturnType<typeof createSessionFactory> = createSessionFactory({ secret });
type SessionOf<Factory> = Factory extends SessionFactory<infer _, infer S> ? S : never;
declare const found: SessionOf<typeof declared>;
found.set('whatever', 1).delete('whatever');
same<ReturnType<typeof found.keys>, string[]>();

// Options are known by name.
// @ts-expect-error -- misspelt
createSessionFactory({ secret, timeuot: 5 });
// @ts-expect-error -- required
createSessionFactory({});
// @ts-expect-error -- initial data is data
createSessionFactory<Shop>({ secret, initialData: { views: 'none' } });

// The application's own class is inferred.
class ShopSession extends WebsaunaSession<Shop> {
  get isEmpty(): boolean {
    return (this.get('cart') ?? []).length === 0;
  }
}
const own = createSessionFactory<Shop, ShopSession>({ secret, sessionClass: ShopSession });
export const handler = withFetch(own, (_request, mine) =>
  Response.json({ empty: mine.isEmpty, views: mine.get('views') }),
);
withNode(own, (req, res) => res.end(String(req.session.isEmpty)));

// Adapters type the session where their framework can be augmented.
express(loose);
declare const request: Request;
same<typeof request.session, WebsaunaSession>();
declare const fastifyRequest: FastifyRequest;
same<typeof fastifyRequest.session, WebsaunaSession>();
const app = new Hono<{ Variables: SessionVariables<ShopSession> }>();
app.use(hono(own));
app.get('/', (c) => c.json(c.var.session.isEmpty));

// Events have their payloads.
loose.on('rejected', ({ reason, handle }) => {
  same<typeof handle, string | null>();
  if (reason === 'signature') return;
  // @ts-expect-error -- the reasons are a closed union
  if (reason === 'because') return;
});
// @ts-expect-error -- no such event
loose.on('misssed', () => {});
same<SessionEvents['created'], { readonly handle: string }>();
same<Awaited<ReturnType<typeof loose.owners.list>>, OwnedSession[]>();
