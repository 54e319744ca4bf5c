// Compiled, never run: schemas type the data of a session.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import {
  createCreationTimeAwareSessionFactory,
  createSessionFactory,
  WebsaunaSession,
  type FieldSchema,
  type SchemaData,
  type SessionFactory,
} from 'websauna-session';
import { withSession as withFetch } from 'websauna-session/fetch';
import { sessions as express } from 'websauna-session/express';
import * as v from 'valibot';
import { z } from 'zod';
import { same } from './same.ts';

const secret = 'a secret of more than thirty-two bytes';

interface Shop {
  cart: { sku: string; quantity: number }[];
  views: number;
  who: { name: string };
}
const schema = {
  cart: z.array(z.object({ sku: z.string(), quantity: z.number().default(1) })),
  views: v.number(),
  who: type({ name: 'string' }),
};

// What schemas return is the data, in every accessor.
const shop = createSessionFactory({ secret, schema });
same<typeof shop, SessionFactory<Shop>>();
declare const session: WebsaunaSession<Shop>;
const cart = session.get('cart');
same<typeof cart, Shop['cart'] | undefined>();
session.set('cart', [{ sku: 'a', quantity: 1 }]);
session.data.who = { name: 'Alice' };
const views = await session.update('views', (n = 0) => n + 1);
same<typeof views, number | undefined>();
withFetch(shop, (_request, mine) => Response.json(mine.get('cart')?.map(({ sku }) => sku)));
express(createSessionFactory({ secret, schema }));
// @ts-expect-error -- of another type
withFetch(shop, (_request, mine) => Response.json(mine.set('views', 'two')));
// @ts-expect-error -- no such field
withFetch(shop, (_request, mine) => Response.json(mine.get('veiws')));

// Options of the data are of its types; they do not decide about them.
same<SessionFactory<Shop>, ReturnType<typeof withInitialData>>();
function withInitialData() {
  return createSessionFactory({
    secret,
    schema,
    initialData: { views: 0 },
    schemaVersion: 1,
    migrate: (_, value) => value,
  });
}
// @ts-expect-error -- initial data is data
createSessionFactory({ secret, schema, initialData: { views: 'none' } });
const loose = createSessionFactory({ secret, initialData: { views: 0 } });
same<typeof loose, SessionFactory>();
const aware = createCreationTimeAwareSessionFactory({ secret, schema, invalidateBefore: () => null });
same<typeof aware, SessionFactory<Shop>>();

// With data that is declared, schemas have to be of its fields, of which some may have none.
createSessionFactory<Shop>({ secret, schema: { views: z.number() } });
// @ts-expect-error -- of another type
createSessionFactory<Shop>({ secret, schema: { views: z.string() } });
// @ts-expect-error -- no such field
createSessionFactory<Shop>({ secret, schema: { veiws: z.number() } });
// @ts-expect-error -- no schema
createSessionFactory<Shop>({ secret, schema: { views: Number } });

// For `interface SessionData extends SchemaData<typeof schema> {}`.
same<SchemaData<typeof schema>, Shop>();

class ShopSession extends WebsaunaSession<Shop> {}
const own = createSessionFactory({ secret, schema, sessionClass: ShopSession });
same<typeof own, SessionFactory<Shop, ShopSession>>();

// The interface is that of the specification.
declare const standard: StandardSchemaV1<string, number>;
export const ours: FieldSchema<number> = standard;
