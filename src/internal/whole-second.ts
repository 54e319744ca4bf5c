/** Rounds a time in milliseconds down: stores keep the times of last use and of cookies to a second. */
export function toWholeSecond(time: number): number {
  return Math.floor(time / 1000) * 1000;
}
