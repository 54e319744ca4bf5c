import type { Metadata } from 'next';
import { LoginForm } from './form';

export const metadata: Metadata = { title: 'Log in' };

export default function LoginPage() {
  return (
    <>
      <h1>Log in</h1>
      <LoginForm />
    </>
  );
}
