import type { LoginSpec } from './request.ts';

/** What a handler does to its session; numbers pick from what there is, modulo its count. */
export type Step =
  | { readonly do: 'get' | 'set' | 'delete'; readonly field: Field }
  | { readonly do: 'mutate' }
  | { readonly do: 'flash'; readonly queue: string; readonly once: boolean }
  | { readonly do: 'popFlash'; readonly queue: string }
  | { readonly do: 'rotate'; readonly grace: boolean }
  | { readonly do: 'logout' | 'invalidate' | 'form' | 'renewForm' }
  | { readonly do: 'submit'; readonly form: number }
  | { readonly do: 'timeout'; readonly times: number }
  | { readonly do: 'beginLogin' | 'changePassword'; readonly owner: string }
  | { readonly do: 'login'; readonly owner: string; readonly says?: LoginSpec }
  /** Others, and what the request has under way itself, may go on before the handler does. */
  | { readonly do: 'wait' }
  | AsyncStep
  | { readonly do: 'list'; readonly owner: string }
  | { readonly do: 'revoke'; readonly owner: string; readonly spare: boolean }
  | { readonly do: 'revokeSession'; readonly owner: string; readonly device: number }
  | { readonly do: 'revokeBy'; readonly index: string };

/** An operation of the session that may wait for the store. The handler waits for it, unless `start` says only to call it. */
export type AsyncStep = { readonly start?: boolean } & (
  | { readonly do: 'load' | 'reload' | 'save' }
  | { readonly do: 'update'; readonly field: Field }
  | { readonly do: 'takeFlash'; readonly queue: string }
);

/** One request, from the cookies that it comes with to its response. */
export interface Visit {
  readonly browser: number;
  /** 0 or 1, of two processes that share a store. The second loads lazily. */
  readonly worker: number;
  /** 0 for the cookie that the browser has now; n for the nth before it, which a thief has copied. */
  readonly stale: number;
  /** 0, or n when the browser also has the nth cookie before, under a longer path, and sends it first. */
  readonly also: number;
  /**
   * A visit; or a page that the browser fetches ahead of one; or a form that another site has sent, which comes without the
   * cookie.
   */
  readonly kind: 'visit' | 'prefetch' | 'form-post';
  readonly steps: readonly Step[];
  /** Whether its response may be stored by shared caches. */
  readonly shared: boolean;
  /** What the handler does after it has begun to respond. */
  readonly late: readonly Step[];
  /**
   * The client receives the response; or the response is lost; or the client hangs up before the commit, which never
   * comes; or the process crashes, after so many turns.
   */
  readonly ends: 'answered' | 'unanswered' | 'abandoned' | Crash;
}

export interface Crash {
  readonly turns: number;
}

/** Time passes. */
export interface Pause {
  readonly seconds: number;
}

export interface Plan {
  readonly touch: 'always' | 'seldom';
  readonly max: number | null;
  readonly onSessionLimit: 'evict-oldest' | 'refuse';
  /** Seconds, or `null` for a cookie of the browser's session. */
  readonly cookieMaxAge: number | null;
  /** Whether the values are bound to their session. */
  readonly encrypted: boolean;
  /** Whether the application knows since when logins are valid. */
  readonly invalidateBefore: boolean;
  /** Whether ends are explained. */
  readonly explains: boolean;
  /** What the use of a rotated id after its grace leads to. */
  readonly onReuse: 'report' | 'end-session' | 'end-owner';
  /**
   * What sets the second process apart: cookie attributes of another deployment, the previous secret, or the shorter limits of
   * a deployment that has begun.
   */
  readonly rollout: 'none' | 'attributes' | 'secret' | 'limits';
  /** How clients bring their sessions. */
  readonly transport: 'cookie' | 'header' | 'both';
  /** Whether handlers and responses take their time, so that others go on meanwhile. */
  readonly slow: boolean;
  /** What comes one after the other, before anything else. */
  readonly before: readonly (Visit | Pause)[];
  /** What goes on at the same time, in the order in which it starts. */
  readonly during: readonly (Visit | Pause)[];
  /** Which goes on, turn by turn: of those who wait, in the order of their start, and after them the one that starts next. */
  readonly turns: readonly number[];
  /** What comes after all of that, one after the other. */
  readonly after: readonly (Visit | Pause)[];
}

export const FIELDS = ['a', 'b', 'list', 'log'] as const;
export type Field = (typeof FIELDS)[number];
export const QUEUES = ['', 'q'] as const;
export const INDEXES = ['s', 't'] as const;
export const OWNERS = ['alice', 'bob'] as const;
export const BROWSERS = ['A', 'B', 'C'] as const;

export function describeStep(step: Step): string {
  switch (step.do) {
    case 'flash':
      return `flash${queueOf(step.queue)}${step.once ? ', without duplicates' : ''}`;
    case 'popFlash':
      return `popFlash${queueOf(step.queue)}`;
    case 'rotate':
      return step.grace ? 'rotate' : 'rotate without grace';
    case 'login': {
      const said = Object.entries(step.says ?? {}).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
      return ['login', step.owner, ...said].join(' ');
    }
    case 'revoke':
      return `revoke ${step.owner}${step.spare ? ' but this session' : ''}`;
    case 'revokeSession':
      return `revoke device ${step.device} of ${step.owner}`;
    case 'load':
    case 'reload':
    case 'save':
    case 'update':
    case 'takeFlash': {
      const what = step.do === 'update' ? ` ${step.field}` : step.do === 'takeFlash' ? queueOf(step.queue) : '';
      return `${step.do}${what}${step.start === true ? ', not awaited' : ''}`;
    }
    default:
      return Object.values(step).join(' ');
  }
}

function queueOf(queue: string): string {
  return queue === '' ? '' : ` in ${queue}`;
}

export function describeRules(plan: Plan): string {
  const { touch, max, onSessionLimit, encrypted, cookieMaxAge, invalidateBefore, explains, onReuse, rollout } = plan;
  const { transport } = plan;
  const rules = [
    touch === 'always' ? 'every request renews the idle timeout' : '',
    max === null ? '' : `${max} sessions for an owner, ${onSessionLimit}`,
    cookieMaxAge === null ? '' : `cookies of ${cookieMaxAge} seconds`,
    encrypted ? 'encrypted values' : '',
    invalidateBefore ? 'with invalidateBefore' : '',
    explains ? 'ends are explained' : '',
    onReuse === 'report' ? '' : `the use of an old id is answered by ${onReuse}`,
    transport === 'cookie' ? '' : `sessions by ${transport === 'both' ? 'header or cookie' : 'header'}`,
    rollout === 'none' ? '' : `another ${rollout} in worker 2`,
  ].filter((rule) => rule !== '');
  return rules.length === 0 ? 'default options' : rules.join('; ');
}
