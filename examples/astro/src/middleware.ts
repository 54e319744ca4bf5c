import { sessions } from 'websauna-session/astro';
import { factory } from './lib/session';

export const onRequest = sessions(factory);
