import type { ResponseHead } from '../exchange.ts';

/**
 * Stands for the head of a response that the adapter cannot write into. It looks like one that shared caches may
 * store, so that a change which needs a cookie is refused or reported, and never lost silently.
 */
export class AbsentHead implements ResponseHead {
  readonly status: number;
  readonly takesCookies = false;

  constructor(status = 200) {
    this.status = status;
  }

  get(name: string): string | undefined {
    return name === 'cache-control' ? 'public' : undefined;
  }

  set(): void {}

  appendCookie(): void {}

  setToken(): void {}
}
