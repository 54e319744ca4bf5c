/** What a request's handler does to its session; numbers pick from what there is, modulo its count. */
export type Deed =
  | { readonly do: 'get' | 'set' | 'delete' | 'update' | 'setWhileSaving'; readonly field: Field }
  | { readonly do: 'mutate' }
  | { readonly do: 'flash'; readonly queue: string; readonly once: boolean }
  | { readonly do: 'popFlash' | 'takeFlash'; readonly queue: string }
  | { readonly do: 'rotate' | 'logout' | 'invalidate' | 'save' | 'form' | 'renewForm' }
  | { readonly do: 'submit'; readonly form: number }
  | { readonly do: 'timeout'; readonly times: number }
  | { readonly do: 'login' | 'beginLogin' | 'list'; readonly owner: string }
  | { readonly do: 'revoke'; readonly owner: string; readonly spare: boolean }
  | { readonly do: 'revokeSession'; readonly owner: string; readonly device: number }
  | { readonly do: 'both'; readonly these: readonly [Deed, Deed] };

/** One request, from the cookie that it comes with to its response. */
export interface Visit {
  readonly browser: number;
  /** 0 or 1, of two that share a store. */
  readonly factory: number;
  /** 0 for the cookie that the browser has now; n for the nth before it, which somebody copied. */
  readonly stale: number;
  readonly deeds: readonly Deed[];
  /**
   * The client gets the response; or it hangs up before that; or it hangs up before the commit, which never
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
  /** Are the values bound to their session? */
  readonly encrypted: boolean;
  /** Do handlers and responses take their time, so that others go on meanwhile? */
  readonly slow: boolean;
  /** What comes one after the other, before anything else. */
  readonly before: readonly (Visit | Pause)[];
  /** What goes on at the same time, in the order in which it starts. */
  readonly during: readonly (Visit | Pause)[];
  /** Who goes on, turn by turn: of those who wait, in the order of their start, and after them the one that starts next. */
  readonly turns: readonly number[];
}

export const FIELDS = ['a', 'b', 'list', 'log'] as const;
export type Field = (typeof FIELDS)[number];
export const QUEUES = ['', 'q'] as const;
export const OWNERS = ['alice', 'bob'] as const;
export const BROWSERS = ['A', 'B', 'C'] as const;

export function describeDeed(deed: Deed): string {
  switch (deed.do) {
    case 'both':
      return `${deed.these.map(describeDeed).join(' and at the same time ')}`;
    case 'flash':
      return `flash${queueOf(deed.queue)}${deed.once ? ', unless it is there' : ''}`;
    case 'popFlash':
    case 'takeFlash':
      return `${deed.do}${queueOf(deed.queue)}`;
    case 'revoke':
      return `revoke ${deed.owner}${deed.spare ? ' but this session' : ''}`;
    case 'revokeSession':
      return `revoke device ${deed.device} of ${deed.owner}`;
    default:
      return Object.values(deed).join(' ');
  }
}

function queueOf(queue: string): string {
  return queue === '' ? '' : ` in ${queue}`;
}

export function describeRules({ touch, max, onSessionLimit, encrypted }: Plan): string {
  const rules = [
    touch === 'always' ? 'every request renews the idle timeout' : '',
    max === null ? '' : `${max} sessions for an owner, ${onSessionLimit}`,
    encrypted ? 'encrypted values' : '',
  ].filter((rule) => rule !== '');
  return rules.length === 0 ? 'default options' : rules.join('; ');
}
