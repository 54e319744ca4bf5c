import type { PageServerLoad } from './$types';

// `event.fetch` asks the application itself, without the network. The request shares the session of this one.
export const load: PageServerLoad = async ({ url, fetch, locals: { session } }) => {
  const response = await fetch(`/inner${url.search}`);
  session.set('outer', url.searchParams.get('name') ?? '');
  return { inner: await response.text() };
};
