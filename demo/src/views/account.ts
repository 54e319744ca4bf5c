import type { Session } from 'websauna-session';
import { input, postForm } from './forms.ts';
import { html, type Child, type Html } from './html.ts';
import type { View } from './layout.ts';
import { messageBox } from './message.ts';

export const PASSWORD_LENGTH = { min: 8, max: 256 } as const;

export interface Problem {
  readonly text: string;
  /** Names of the inputs that are to be changed. */
  readonly fields: readonly string[];
}

export interface AccountForm {
  /** What was typed, to be shown again. */
  readonly name: string;
  readonly problem: Problem | null;
}

export function signUpPage({ name, problem }: AccountForm, session: Session): View {
  return formPage(
    'Sign up',
    'Any name will do. Accounts are kept in memory and disappear when the demo stops.',
    problem,
    [
      postForm(session, '/sign-up', [
        nameInput(name, problem),
        newPasswordInput('password', 'Password', problem),
        html`<button class="button large">Sign up</button>`,
      ]),
      html`<p class="aside">Already have an account? <a href="/log-in">Log in</a></p>`,
    ],
  );
}

export function logInPage({ name, problem }: AccountForm, session: Session): View {
  const text = session.has('returnTo') ? 'Log in to continue to the page that you asked for.' : 'Welcome back.';
  return formPage('Log in', text, problem, [
    postForm(session, '/log-in', [
      nameInput(name, problem),
      passwordInput('Password', false, problem),
      html`<button class="button large">Log in</button>`,
    ]),
    html`<p class="aside">New here? <a href="/sign-up">Sign up</a></p>`,
  ]);
}

export function passwordPage({ name, problem }: AccountForm, session: Session): View {
  const text = 'All your other devices will be logged out. This one stays logged in.';
  return formPage('Change your password', text, problem, [
    postForm(session, '/password', [
      hiddenName(name),
      passwordInput('Current password', true, problem),
      newPasswordInput('new-password', 'New password', problem),
      html`<button class="button large">Change password</button>`,
    ]),
    html`<p class="aside"><a href="/devices">Back to your devices</a></p>`,
  ]);
}

/** Asks for the password again before the form's request is carried out. */
export function confirmPage(form: { action: string; name: string; wrong: boolean }, session: Session): View {
  const text = 'You logged in a while ago. Enter your password to confirm that it is you.';
  const problem = form.wrong ? { text: 'That is not your password.', fields: ['password'] } : null;
  return formPage('Confirm your password', text, problem, [
    postForm(session, form.action, [
      hiddenName(form.name),
      passwordInput('Password', true, problem),
      html`<button class="button large">Confirm</button>`,
    ]),
    html`<p class="aside"><a href="/devices">Back to your devices</a></p>`,
  ]);
}

const PROBLEM = 'problem';

function formPage(title: string, text: string, problem: Problem | null, form: Child): View {
  return {
    title: problem === null ? title : `Error: ${title}`,
    sources: ['routes/account.ts', 'routes/password.ts', 'login.ts', 'views/account.ts'],
    content: html`<section class="panel">
      <h1>${title}</h1>
      <p class="lead">${text}</p>
      ${problem !== null && messageBox({ kind: 'warning', text: problem.text }, PROBLEM)}${form}
    </section>`,
  };
}

/** The id of the text that says what is wrong with an input; `null` when nothing is. */
function problemOf(name: string, problem: Problem | null): string | null {
  return problem?.fields.includes(name) === true ? PROBLEM : null;
}

/** The first input that is wrong has the focus; `otherwise` decides when none is. */
function hasFocus(name: string, problem: Problem | null, otherwise: boolean): boolean {
  return problem === null ? otherwise : problem.fields[0] === name;
}

function nameInput(value: string, problem: Problem | null): Html {
  const autofocus = hasFocus('name', problem, value === '');
  return input({
    name: 'name',
    label: 'Name',
    value,
    autocomplete: 'username',
    maxLength: 40,
    autofocus,
    problem: problemOf('name', problem),
  });
}

function passwordInput(label: string, autofocus: boolean, problem: Problem | null): Html {
  const name = 'password';
  return input({
    name,
    label,
    type: name,
    autocomplete: 'current-password',
    autofocus: hasFocus(name, problem, autofocus),
    problem: problemOf(name, problem),
  });
}

function newPasswordInput(name: string, label: string, problem: Problem | null): Html {
  const { min, max } = PASSWORD_LENGTH;
  return input({
    name,
    label,
    type: 'password',
    autocomplete: 'new-password',
    hint: `At least ${min} characters.`,
    minLength: min,
    maxLength: max,
    autofocus: hasFocus(name, problem, false),
    problem: problemOf(name, problem),
  });
}

/** Shows password managers whose password it is. */
function hiddenName(name: string): Html {
  return html`<input type="text" name="name" value="${name}" autocomplete="username" readonly hidden />`;
}
