import { createFileRoute } from '@tanstack/react-router';
import { createServerFn } from '@tanstack/react-start';
import { getSession } from 'websauna-session/context';
import { visitInner } from '../inner.ts';
import { factory } from '../session.server.ts';

const visitOuter = createServerFn({ method: 'POST' })
  .validator((name: string) => name)
  .handler(({ data: name }) => {
    getSession(factory).set('outer', name);
  });

export const Route = createFileRoute('/nested')({
  validateSearch: ({ name }) => ({ name: String(name) }),
  loaderDeps: ({ search }) => search,
  async loader({ deps: { name } }) {
    const [inner] = await Promise.all([visitInner({ data: name }), visitOuter({ data: name })]);
    return inner;
  },
  component: () => <p>{Route.useLoaderData()}</p>,
});
