import { initTRPC, TRPCError } from '@trpc/server';
import { z } from 'zod';
import type { Context } from './session.js';

const t = initTRPC.context<Context>().create();

const publicProcedure = t.procedure.use(({ ctx, type, next }) => {
  try {
    if (type === 'mutation') ctx.session.requireCsrfToken(ctx.csrfToken);
  } catch (cause) {
    throw new TRPCError({ code: 'FORBIDDEN', message: 'Reload the page and try again', cause });
  }
  return next();
});

const protectedProcedure = publicProcedure.use(({ ctx, next }) => {
  const { owner } = ctx.session;
  if (owner === null) throw new TRPCError({ code: 'UNAUTHORIZED' });
  return next({ ctx: { owner } });
});

export const appRouter = t.router({
  me: publicProcedure.query(({ ctx }) => ({ owner: ctx.session.owner, data: { ...ctx.session.data } })),
  csrfToken: publicProcedure.query(({ ctx }) => ctx.session.getCsrfToken()),

  visit: publicProcedure.mutation(({ ctx }) => ctx.session.update('visits', (n = 0) => n + 1)),
  addToCart: publicProcedure.input(z.string()).mutation(({ ctx, input }) => {
    ctx.session.set(`cart:${input}`, 1);
  }),
  fail: publicProcedure.mutation(({ ctx }) => {
    ctx.session.set('failed', true);
    throw new TRPCError({ code: 'CONFLICT' });
  }),

  // A real application checks the password here.
  login: publicProcedure.input(z.object({ user: z.string() })).mutation(({ ctx, input }) => {
    ctx.session.login(input.user, { method: 'password' });
    ctx.session.flash(`Welcome, ${input.user}`);
    return { csrfToken: ctx.session.getCsrfToken() }; // a login makes earlier tokens void
  }),
  messages: protectedProcedure.query(({ ctx }) => ctx.session.popFlash().map(String)),
  logout: protectedProcedure.mutation(({ ctx }) => {
    ctx.session.logout();
  }),
});

/** What a client imports, as a type alone. */
export type AppRouter = typeof appRouter;
