import handler from '@tanstack/react-start/server-entry';
import { serve } from 'websauna-session/context';
import { factory } from './session.server.ts';

// One session for everything that a request does: loaders, server functions, server routes. `ip` is srvx's.
export default {
  fetch(request: Request & { readonly ip?: string }): Promise<Response> {
    return serve(factory, request, () => handler.fetch(request), { clientAddress: request.ip ?? null });
  },
};
