export default defineEventHandler(({ context: { session } }) => ({ owner: session.owner, ...session.data }));
