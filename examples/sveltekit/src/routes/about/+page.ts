// Rendered at build time: it has no session.
export const prerender = true;
