import { sessions } from 'websauna-session/sveltekit';
import { factory } from '#lib/server/session.ts';

export const handle = sessions(factory);
