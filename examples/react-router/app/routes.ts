import { index, route, type RouteConfig } from '@react-router/dev/routes';

export default [
  index('routes/home.tsx'),
  route('about', 'routes/about.tsx'),
  route('login', 'routes/login.ts'),
  route('logout', 'routes/logout.ts'),
  route('raw', 'routes/raw.ts'),
  route('inner', 'routes/inner.ts'),
  route('nested', 'routes/nested.tsx'),
  route('late', 'routes/late.tsx'),
  route('error', 'routes/error.tsx'),
  route('me', 'routes/me.ts'),
] satisfies RouteConfig;
