import { createFileRoute } from '@tanstack/react-router';

export const Route = createFileRoute('/about')({ component: () => <p>This page is the same for everybody.</p> });
