/** What is known of Redis's clock, which says when sessions end and when it is too late for a command. Milliseconds. */
export class ServerClock {
  /** How far it was ahead of the wall clock here, at its last answer. */
  #ahead = 0;
  /** How far it is ahead of the process's own clock, at most: the answer that came soonest tells it best. */
  #lead = -Infinity;

  /** What it says now, about. */
  now(): number {
    return Date.now() + this.#ahead;
  }

  /** What it says at a time of the process's clock, or a little more. As long as nothing is known, a time long past. */
  at(time: number): number {
    return this.#lead === -Infinity ? 0 : Math.ceil(time + this.#lead);
  }

  /** It said `now` in answer to what was asked at `asked`, of the process's clock. */
  tells(now: number, asked: number): void {
    this.#ahead = now - Date.now();
    this.#lead = Math.min(this.#lead, now - asked);
  }

  /** It said `now`, and what was thought of it is wrong: it was set, or it is another server's. */
  corrects(now: number, asked: number): void {
    this.#lead = Infinity;
    this.tells(now, asked);
  }
}
