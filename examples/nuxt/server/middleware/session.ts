import { sessions } from 'websauna-session/nitro';

// Pages that are rendered at build time have no session, and the build has no secret.
export default import.meta.prerender ? defineEventHandler(() => {}) : sessions(factory);
