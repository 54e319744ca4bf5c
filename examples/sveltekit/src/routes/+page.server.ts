import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals: { session } }) => ({
  visits: await session.update('visits', (n = 0) => n + 1),
  owner: session.owner,
  messages: session.popFlash(),
  csrf: session.getCsrfToken(),
});
