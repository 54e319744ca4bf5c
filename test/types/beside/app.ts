// Compiled by itself, with every declaration checked, and never run: an application that still has other sessions.
import fastifySession from '@fastify/session';
import type { Request } from 'express';
import expressSession from 'express-session';
import type { FastifyRequest } from 'fastify';
import { sessions } from 'websauna-session/express';
import { sessions as fastifySessions } from 'websauna-session/fastify';

export const middleware = [
  expressSession({ secret: 'a', resave: false, saveUninitialized: false }),
  sessions({ secret: 'a secret of more than thirty-two bytes' }, { property: 'visit' }),
];
export const plugins = [
  fastifySession,
  fastifySessions({ secret: 'a secret of more than thirty-two bytes' }, { property: 'visit' }),
];

export const views = (req: Request): unknown => req.session.cookie.maxAge;
export const cookie = (request: FastifyRequest): unknown => request.session.cookie;
