import { createFileRoute } from '@tanstack/react-router';
import { visitInner } from '../inner.ts';

export const Route = createFileRoute('/inner')({
  server: {
    handlers: {
      async GET({ request }) {
        const name = new URL(request.url).searchParams.get('name') ?? '';
        return new Response(await visitInner({ data: name }));
      },
    },
  },
});
