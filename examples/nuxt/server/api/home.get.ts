export default defineEventHandler(async ({ context: { session } }) => ({
  visits: await session.update('visits', (n = 0) => n + 1),
  owner: session.owner,
  messages: session.popFlash().map(String),
  csrf: session.getCsrfToken(),
}));
