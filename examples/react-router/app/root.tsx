import type { ReactNode } from 'react';
import { Links, Meta, Outlet, Scripts } from 'react-router';
import { sessions } from 'websauna-session/react-router';
import type { Route } from './+types/root.ts';
import { factory } from './session.server.ts';

export const middleware: Route.MiddlewareFunction[] = [sessions(factory)];

// With no loader in any route of a page, React Router would not run the middleware when a browser navigates to it.
export const loader = () => null;

export function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <Meta />
        <Links />
      </head>
      <body>
        {children}
        <Scripts />
      </body>
    </html>
  );
}

export default function App() {
  return <Outlet />;
}

export function ErrorBoundary() {
  return <p>This did not work.</p>;
}
