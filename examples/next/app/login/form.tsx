'use client';

import { useActionState } from 'react';
import { logIn } from '../actions';

export function LoginForm() {
  const [problem, submit] = useActionState(logIn, null);
  return (
    <form action={submit}>
      {problem !== null && <p role="alert">{problem}</p>}
      <label>
        Name
        <input name="name" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button>Log in</button>
    </form>
  );
}
